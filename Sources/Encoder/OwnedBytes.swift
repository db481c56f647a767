/// Memory aligned to a cache line, freed with the object. Contents start undefined.
final class OwnedBytes: @unchecked Sendable {
  // Safe: the object itself never reads or writes the memory; whoever shares it says who may.

  let pointer: UnsafeMutableRawPointer
  let count: Int

  /// - Parameter count: bytes, ≥ 0.
  init(count: Int) {
    pointer = .allocate(byteCount: max(count, 1), alignment: 64)
    self.count = count
  }

  deinit { pointer.deallocate() }
}
