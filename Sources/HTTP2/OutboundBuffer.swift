/// Bytes that wait to become DATA frames: a queue of chunks, filled at the back, copied out at the
/// front.
///
/// Large chunks are kept as they are (no copy on `append`); small ones are gathered, so that a
/// stream of tiny writes costs neither an array each nor a frame each. Every operation is
/// amortised O(bytes).
struct OutboundBuffer {
  /// Chunks up to this many bytes are copied into the last chunk.
  private static let gatherBelow = 512
  /// A chunk is no longer gathered into beyond this many bytes.
  private static let gatherLimit = 4096
  /// Consumed chunks are dropped from the array once there are this many.
  private static let compactAfter = 32

  private var chunks: [[UInt8]] = []
  private var head = 0
  /// Bytes of `chunks[head]` already copied out.
  private var headOffset = 0
  /// Bytes waiting.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ bytes: [UInt8]) {
    if bytes.count > Self.gatherBelow {
      chunks.append(bytes)
      count += bytes.count
    } else {
      bytes.withUnsafeBytes { append(copying: $0) }
    }
  }

  mutating func append(copying bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    count += bytes.count
    let last = chunks.count - 1
    if last >= head, bytes.count <= Self.gatherBelow,
      chunks[last].count + bytes.count <= Self.gatherLimit
    {
      chunks[last].append(contentsOf: bytes)
    } else {
      chunks.append([UInt8](bytes))
    }
  }

  /// Moves up to `target.count` bytes to `target`; returns how many.
  mutating func moveFront(to target: UnsafeMutableRawBufferPointer) -> Int {
    var written = 0
    while written < target.count, head < chunks.count {
      let free = UnsafeMutableRawBufferPointer(rebasing: target[written...])
      let available = chunks[head].count - headOffset
      let step = min(available, free.count)
      chunks[head].withUnsafeBytes { source in
        free.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[headOffset...].prefix(step)))
      }
      written += step
      if step == available { dropHead() } else { headOffset += step }
    }
    count -= written
    return written
  }

  mutating func removeAll() {
    self = OutboundBuffer()
  }

  private mutating func dropHead() {
    headOffset = 0
    chunks[head] = []
    head += 1
    if head == chunks.count {
      chunks.removeAll(keepingCapacity: chunks.capacity <= Self.compactAfter)
      head = 0
    } else if head >= Self.compactAfter, head * 2 >= chunks.count {
      chunks.removeFirst(head)
      head = 0
    }
  }
}
