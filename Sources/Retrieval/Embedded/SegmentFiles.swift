import Foundation

/// The open files of one segment, for appending rows.
///
/// Rows are written with `pwrite`, not through a map: a full disk is then an error instead of a signal.
/// The descriptors are those that were mapped, so that a file deleted or replaced by others meanwhile
/// changes nothing for this process.
final class SegmentFiles: Sendable {
  private let layout: RowLayout
  private let paths: [String]
  /// One for every part, in their order.
  fileprivate let descriptors: [Int32]

  /// - Parameters:
  ///   - rows: rows that the files must hold; nil makes new files in place of any there are.
  ///   - Throws: `storage` if a file cannot be opened, or is shorter.
  init(
    directory: String, segment: Int, layout: RowLayout, rows: Int?
  ) throws(RetrievalError) {
    self.layout = layout
    paths = RowLayout.Part.allCases.map { directory + "/" + layout.fileName(segment: segment, $0) }
    var opened: [Int32] = []
    do throws(RetrievalError) {
      for (path, part) in zip(paths, RowLayout.Part.allCases) {
        opened.append(try Self.descriptor(of: path, bytes: rows.map { $0 * layout.rowBytes(part) }))
      }
    } catch {
      for descriptor in opened { close(descriptor) }
      throw error
    }
    descriptors = opened
  }

  private static func descriptor(
    of path: String, bytes needed: Int?
  ) throws(RetrievalError) -> Int32 {
    guard let needed else {
      unlink(path)
      let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { throw .system("make", path) }
      return descriptor
    }
    let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw .system("open", path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      Int(status.st_size) >= needed
    else {
      close(descriptor)
      throw RetrievalError(.storage, "\(path) is shorter than the \(needed) bytes of its rows")
    }
    return descriptor
  }

  deinit {
    for descriptor in descriptors { close(descriptor) }
  }

  /// Writes rows of `encoded` so that the first comes to lie at `row` of the segment.
  ///
  /// - Returns: what they add to the segment's digest.
  func write(
    _ encoded: EncodedRows, _ rows: Range<Int>, at row: Int
  ) throws(RetrievalError) -> UInt64 {
    for (index, part) in RowLayout.Part.allCases.enumerated() {
      let offset = row * layout.rowBytes(part)
      let failure = encoded.withBytes(part, rows) { Self.write($0, to: descriptors[index], at: offset) }
      if let failure { throw .system("write", paths[index], code: failure) }
    }
    var sum: UInt64 = 0
    for index in rows {
      sum &+= RowDigest.share(of: encoded.digests[index], at: row + index - rows.lowerBound)
    }
    return sum
  }

  /// - Returns: the system's error code, nil if all bytes were written.
  private static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
  ) -> Int32? {
    var written = 0
    while written < bytes.count {
      let result = pwrite(
        descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
      if result > 0 {
        written += result
      } else if result == 0 {
        return ENOSPC
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }

  /// Deletes a segment's files; descriptors and maps of them stay valid.
  static func remove(directory: String, segment: Int, layout: RowLayout) {
    for part in RowLayout.Part.allCases {
      unlink(directory + "/" + layout.fileName(segment: segment, part))
    }
  }
}

/// The files of one segment, mapped for reading.
///
/// The maps are as long as a full segment, whatever the files' length: the files grow behind them, so no
/// address ever moves. Only rows that the files hold may be read; whoever publishes a number of rows has
/// written them before.
final class MappedSegment: @unchecked Sendable {
  // Safe: the addresses do not change, and rows that are published are never written again.

  let layout: RowLayout
  private let maps: [UnsafeMutableRawPointer]

  /// - Throws: `storage` if a file cannot be mapped.
  init(_ files: SegmentFiles, layout: RowLayout) throws(RetrievalError) {
    self.layout = layout
    var maps: [UnsafeMutableRawPointer] = []
    for (descriptor, part) in zip(files.descriptors, RowLayout.Part.allCases) {
      let capacity = layout.segmentRows * layout.rowBytes(part)
      guard let map = mmap(nil, capacity, PROT_READ, MAP_SHARED, descriptor, 0), map != MAP_FAILED else {
        let code = errno
        Self.unmap(maps, layout)
        throw .system("map", "the rows", code: code)
      }
      maps.append(map)
    }
    self.maps = maps
  }

  deinit { Self.unmap(maps, layout) }

  private static func unmap(_ maps: [UnsafeMutableRawPointer], _ layout: RowLayout) {
    for (map, part) in zip(maps, RowLayout.Part.allCases) {
      munmap(map, layout.segmentRows * layout.rowBytes(part))
    }
  }

  /// The vectors of the first `rows` rows, which must be published.
  func vectors(rows: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(
      start: maps[0].assumingMemoryBound(to: Float.self), count: rows * layout.codec.dimension)
  }

  /// - Parameter live: one bit a row; nil means all of them.
  func segment(rows: Int, live: UnsafePointer<UInt64>?) -> VectorSegment {
    VectorSegment(
      count: rows, f32: UnsafePointer(maps[0].assumingMemoryBound(to: Float.self)),
      int8: UnsafePointer(maps[1].assumingMemoryBound(to: Int8.self)),
      scales: UnsafePointer(maps[2].assumingMemoryBound(to: Float.self)),
      bits: UnsafePointer(maps[3].assumingMemoryBound(to: UInt64.self)), live: live)
  }

  /// The digest of the first `rows` rows; reads all of them.
  func digest(rows: Int) -> UInt64 {
    let parts = zip(maps, RowLayout.Part.allCases.map { layout.rowBytes($0) }).map { $0 }
    var sum: UInt64 = 0
    for row in 0..<rows {
      var digest: UInt64 = 0
      for (map, size) in parts {
        digest = RowDigest.digest(
          UnsafeRawBufferPointer(start: map + row * size, count: size), seed: digest)
      }
      sum &+= RowDigest.share(of: digest, at: row)
    }
    return sum
  }
}
