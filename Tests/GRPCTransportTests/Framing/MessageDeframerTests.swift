import Testing

@testable import GRPCTransport

struct MessageDeframerTests {
  typealias Frame = MessageDeframer.Frame

  private let frames = [
    Frame(isCompressed: false, payload: pattern(3)), Frame(isCompressed: true, payload: []),
    Frame(isCompressed: false, payload: []), Frame(isCompressed: true, payload: pattern(17)),
  ]

  private var wire: [UInt8] {
    frames.flatMap { framed($0.payload, isCompressed: $0.isCompressed) }
  }

  private func frames(of pieces: [[UInt8]]) throws -> [Frame] {
    var deframer = MessageDeframer(maximumMessageBytes: 17)
    var found: [Frame] = []
    for piece in pieces {
      deframer.append(piece)
      while let frame = try deframer.next() { found.append(frame) }
    }
    #expect(deframer.pendingBytes == 0)
    return found
  }

  @Test func everySplitInThreeGivesTheSameMessages() throws {
    let wire = wire
    for first in 0...wire.count {
      for second in first...wire.count {
        let pieces = [wire[..<first], wire[first..<second], wire[second...]].map(Array.init)
        #expect(try frames(of: pieces) == frames)
      }
    }
  }

  @Test func byteByByteGivesTheSameMessages() throws {
    #expect(try frames(of: wire.map { [$0] }) == frames)
  }

  @Test func countsWhatIsPending() throws {
    var deframer = MessageDeframer(maximumMessageBytes: 10)
    let wire = framed(pattern(10))
    for count in 1..<wire.count {
      deframer.append([wire[count - 1]])
      #expect(try deframer.next() == nil)
      #expect(deframer.pendingBytes == count)
    }
    deframer.removeAll()
    #expect(deframer.pendingBytes == 0)
    deframer.append(wire)
    #expect(try deframer.next()?.payload == pattern(10))
  }

  @Test func manyMessagesInOnePieceAndARest() throws {
    var deframer = MessageDeframer(maximumMessageBytes: 1_000)
    let payloads = (0..<300).map { pattern(1_000, seed: $0) }
    let wire = payloads.flatMap { framed($0) }
    deframer.append(Array(wire.dropLast()))
    for payload in payloads.dropLast() { #expect(try deframer.next()?.payload == payload) }
    #expect(try deframer.next() == nil)
    #expect(deframer.pendingBytes == 1_004)
    deframer.append([wire[wire.count - 1]])
    #expect(try deframer.next()?.payload == payloads.last)
  }

  @Test(arguments: [11, 1 << 16, Int(UInt32.max)])
  func aLengthOverTheLimitIsRefusedFromItsPrefix(_ length: Int) throws {
    var deframer = MessageDeframer(maximumMessageBytes: 10)
    deframer.append(messagePrefix(payloadBytes: length))
    let error = try #require(throws: GRPCError.self) { try deframer.next() }
    #expect(error.code == .resourceExhausted)
    #expect(error.message.contains("\(length)"))
    #expect(error.message.contains("10"))
  }

  @Test(arguments: [UInt8](2...255))
  func otherFlagsAreRefused(_ flag: UInt8) throws {
    var deframer = MessageDeframer(maximumMessageBytes: 10)
    deframer.append([flag, 0, 0, 0, 0])
    let error = try #require(throws: GRPCError.self) { try deframer.next() }
    #expect(error.code == .internal)
  }

  @Test func prefixIsBigEndian() {
    #expect(messagePrefix(payloadBytes: 0x0102_0304) == [0, 1, 2, 3, 4])
    #expect(messagePrefix(payloadBytes: .max) == [0, 255, 255, 255, 255])
  }
}
