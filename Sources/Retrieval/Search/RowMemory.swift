import Foundation

/// Memory for rows that is zero at first, and taken from the system page by page as it is written to.
///
/// On Linux it asks for large pages: a scan then runs 1.2 to 1.7 times as fast as over a mapped file
/// (`SPEED.md`), whose small pages keep the prefetching of the next rows waiting for their addresses.
public final class RowMemory: @unchecked Sendable {
  // Safe: the memory is its owner's to guard; this class only frees it.

  public let bytes: UnsafeMutableRawPointer
  public let byteCount: Int
  private let mapping: UnsafeMutableRawPointer
  private let mapped: Int

  private static let largePage = 2 << 20

  /// - Parameter byteCount: at least 1.
  /// - Returns: nil if the system has no room.
  public init?(byteCount: Int) {
    let (mapped, overflow) = byteCount.addingReportingOverflow(Self.largePage)
    guard byteCount > 0, !overflow,
      let mapping = mmap(
        nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapping != MAP_FAILED
    else { return nil }
    self.byteCount = byteCount
    self.mapping = mapping
    self.mapped = mapped
    bytes = mapping.alignedUp(toMultipleOf: Self.largePage)
    #if os(Linux)
      // Refused where the kernel was built without them; small pages do as well, only slower.
      _ = madvise(bytes, byteCount, MADV_HUGEPAGE)
    #endif
  }

  deinit { munmap(mapping, mapped) }
}
