import ModelFiles

/// Read-only 32-bit weights: the mapped file itself where it holds aligned F32, else a converted copy.
struct FloatTensor: @unchecked Sendable {
  // Safe: the memory is never written after init, and `owner` keeps it alive.

  let pointer: UnsafePointer<Float>
  let count: Int
  private let owner: Owner

  private enum Owner {
    case mapped(TensorView)
    case converted(OwnedFloats)
  }

  init(_ view: TensorView) {
    count = view.elementCount
    if let floats = view.mappedFloats, let base = floats.baseAddress {
      pointer = base
      owner = .mapped(view)
    } else {
      let copy = OwnedFloats(count: view.elementCount)
      view.read(from: 0, into: copy.buffer)
      pointer = UnsafePointer(copy.pointer)
      owner = .converted(copy)
    }
  }

  /// Tensors one after the other, as one.
  init(joining views: [TensorView]) {
    let copy = OwnedFloats(count: views.reduce(0) { $0 + $1.elementCount })
    var start = 0
    for view in views {
      let end = start + view.elementCount
      view.read(from: 0, into: UnsafeMutableBufferPointer(rebasing: copy.buffer[start..<end]))
      start = end
    }
    count = copy.count
    pointer = UnsafePointer(copy.pointer)
    owner = .converted(copy)
  }

  /// `count` zeros.
  init(zeros count: Int) {
    let copy = OwnedFloats(count: count)
    copy.buffer.update(repeating: 0)
    self.count = count
    pointer = UnsafePointer(copy.pointer)
    owner = .converted(copy)
  }
}

/// Floats aligned to a cache line, freed with the object. Contents start undefined.
final class OwnedFloats {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  /// - Parameter count: number of floats, ≥ 0.
  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      .bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
  }

  var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
