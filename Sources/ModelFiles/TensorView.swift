/// Number formats of weights that can be read.
public enum TensorType: String, Sendable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  /// Bytes per element.
  public var width: Int { self == .f32 ? 4 : 2 }
}

/// A checked view of one tensor inside a mapped file; it keeps the map alive.
///
/// Whoever makes one has checked that `elementCount` is the product of `shape` and that the elements
/// lie inside the file.
public struct TensorView: Sendable {
  /// Name as in the file.
  public let name: String
  public let type: TensorType
  /// Row-major sizes, outermost first; empty for a scalar.
  public let shape: [Int]
  public let elementCount: Int
  let file: MappedFile
  /// Where the first element is, in bytes from the start of the file.
  let byteOffset: Int

  /// The mapped values themselves when they are F32 and 4-byte aligned, else nil.
  ///
  /// The pointer is valid while this view, or another of the same file, lives.
  public var mappedFloats: UnsafeBufferPointer<Float>? {
    guard type == .f32, let base = file.bytes.baseAddress else { return nil }
    let address = base + byteOffset
    guard UInt(bitPattern: address) % UInt(MemoryLayout<Float>.alignment) == 0 else { return nil }
    return UnsafeBufferPointer(
      start: address.assumingMemoryBound(to: Float.self), count: elementCount)
  }

  /// Converts elements `start ..< start + destination.count`, exactly.
  ///
  /// - Precondition: the range lies inside the tensor. It is the program's own, never a file's.
  public func read(from start: Int, into destination: UnsafeMutableBufferPointer<Float>) {
    precondition(
      start >= 0 && start <= elementCount && destination.count <= elementCount - start,
      "elements read beyond the end of a tensor")
    guard let target = destination.baseAddress, let base = file.bytes.baseAddress else { return }
    let source = base + byteOffset + start * type.width
    let count = destination.count
    switch type {
    case .f32:
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
    case .f16:
      for i in 0..<count {
        target[i] = HalfPrecision.float(
          f16: source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
      }
    case .bf16:
      for i in 0..<count {
        target[i] = HalfPrecision.float(
          bf16: source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
      }
    }
  }

  /// All elements as a new array of `elementCount` floats.
  public func floats() -> [Float] {
    [Float](unsafeUninitializedCapacity: elementCount) { buffer, initialized in
      read(from: 0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<elementCount]))
      initialized = elementCount
    }
  }
}
