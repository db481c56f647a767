import Testing

@testable import HTTP2

@Suite struct OutboundBufferTests {
  /// Whatever is put in, in whatever sizes, comes out in order and in full.
  @Test(arguments: [UInt64](1...20))
  func keepsOrder(seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    var buffer = OutboundBuffer()
    var expected: [UInt8] = []
    var actual: [UInt8] = []
    for _ in 0..<2000 {
      let isSmall = Bool.random(using: &generator)
      let count = Int.random(in: 0...(isSmall ? 20 : 3000), using: &generator)
      if Bool.random(using: &generator) {
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        expected += bytes
        if Bool.random(using: &generator) {
          buffer.append(bytes)
        } else {
          bytes.withUnsafeBytes { buffer.append(copying: $0) }
        }
      } else {
        actual += move(count, from: &buffer)
      }
      #expect(buffer.count == expected.count - actual.count)
    }
    actual += move(buffer.count, from: &buffer)
    #expect(actual == expected)
    #expect(buffer.isEmpty)
  }

  private func move(_ count: Int, from buffer: inout OutboundBuffer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      initialized = buffer.moveFront(to: UnsafeMutableRawBufferPointer(target))
    }
  }

  @Test func removeAllEmpties() {
    var buffer = OutboundBuffer()
    buffer.append([1, 2, 3])
    buffer.removeAll()
    #expect(buffer.isEmpty)
    #expect(move(3, from: &buffer) == [])
  }
}
