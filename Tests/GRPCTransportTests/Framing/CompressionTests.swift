import Testing

@testable import GRPCTransport

struct CompressionTests {
  private func error(_ input: [UInt8], limit: Int = 1 << 20) throws -> GRPCError {
    try #require(throws: GRPCError.self) { try inflateMessage(input, limit: limit) }
  }

  @Test(arguments: [Container.gzip, .zlib], [0, 1, 100, 32_768, 32_769, 300_000])
  func inflatesWhatWasDeflated(_ container: Container, _ size: Int) throws {
    let input = pattern(size)
    #expect(try inflateMessage(deflated(input, as: container), limit: size) == input)
  }

  @Test(arguments: [Container.gzip, .zlib])
  func everyTruncationIsAnError(_ container: Container) throws {
    let whole = deflated(pattern(500), as: container)
    for count in 0..<whole.count {
      #expect(try error(Array(whole[..<count])).code == .internal)
    }
  }

  @Test func trailingBytesAreAnError() throws {
    #expect(try error(deflated([1, 2, 3], as: .gzip) + [0]).code == .internal)
    let member = deflated([1, 2, 3], as: .gzip)
    #expect(try error(member + member).code == .internal)
  }

  @Test func otherDataIsAnError() throws {
    #expect(try error(deflated(pattern(100), as: .raw)).code == .internal)
    #expect(try error([UInt8](repeating: 0xFF, count: 100)).code == .internal)
    // A zlib header that asks for a preset dictionary.
    #expect(try error([0x78, 0xBB, 0, 0, 0, 1, 0]).code == .internal)
  }

  @Test func damageIsAnErrorOrHarmless() throws {
    let input = pattern(300)
    let whole = deflated(input, as: .gzip)
    for index in whole.indices {
      var damaged = whole
      damaged[index] ^= 0x40
      // Some header bytes (time, system) mean nothing; everything else is caught by the checksum.
      if let output = try? inflateMessage(damaged, limit: 1 << 16) {
        #expect(output == input)
        #expect(index < 10)
      }
    }
  }

  @Test(arguments: [Container.gzip, .zlib])
  func theLimitHoldsForTheResult(_ container: Container) throws {
    let bomb = deflated([UInt8](repeating: 0, count: 50_000_000), as: container)
    #expect(bomb.count < 60_000)
    let error = try error(bomb, limit: 1_000_000)
    #expect(error.code == .resourceExhausted)
    #expect(error.message.contains("1000000"))
    let small = deflated(pattern(1_001), as: container)
    #expect(try self.error(small, limit: 1_000).code == .resourceExhausted)
    #expect(try inflateMessage(small, limit: 1_001).count == 1_001)
  }
}
