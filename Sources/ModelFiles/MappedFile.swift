import Foundation

/// A read-only memory map of a whole file, unmapped when the last owner goes.
///
/// The map is private: pages come from the page cache and are shared by every process that maps the
/// same weights. Cutting the file short while it is mapped is the one thing that cannot be guarded
/// against; replace weight files by renaming, never in place.
public final class MappedFile: @unchecked Sendable {
  // Safe: both fields are set once, and the memory is mapped read-only until deinit.

  public let path: String
  /// Valid while this object lives. Empty, without an address, for an empty file.
  public let bytes: UnsafeRawBufferPointer
  /// Size in bytes.
  public var count: Int { bytes.count }

  /// - Throws: ``ModelFilesError`` (`notFound`, `unreadable`) naming the path.
  public init(path: String) throws(ModelFilesError) {
    self.path = path
    self.bytes = try FileAccess.withRegularFile(path) { descriptor, size throws(ModelFilesError) in
      // mmap refuses a length of zero.
      guard size > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
      let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let address, address != MAP_FAILED else {
        throw ModelFilesError(
          code: .unreadable, file: path,
          message: "cannot be mapped: \(FileAccess.systemMessage(errno))")
      }
      return UnsafeRawBufferPointer(start: address, count: size)
    }
  }

  deinit {
    if let address = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    }
  }
}
