import Testing

@testable import Retrieval

@Suite struct RowMemoryTests {
  @Test(arguments: [1, 4096, 5 << 20])
  func isZeroAndWritable(_ size: Int) throws {
    let memory = try #require(RowMemory(byteCount: size))
    #expect(memory.byteCount == size)
    #expect(UInt(bitPattern: memory.bytes) % 4096 == 0)
    let bytes = UnsafeMutableRawBufferPointer(start: memory.bytes, count: size)
    #expect(bytes.allSatisfy { $0 == 0 })
    bytes[size - 1] = 7
    #expect(bytes[size - 1] == 7)
  }

  @Test(arguments: [0, -1, Int.max])
  func impossibleSizesAreNil(_ size: Int) {
    #expect(RowMemory(byteCount: size) == nil)
  }
}
