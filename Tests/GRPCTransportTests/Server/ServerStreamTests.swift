import Testing

@testable import GRPCTransport

struct ServerStreamTests {
  private func stream(_ encoding: MessageEncoding = .identity, limit: Int = 100) -> ServerStream {
    ServerStream(encoding: encoding, maximumMessageBytes: limit)
  }

  private func failure(_ action: ServerStream.OnData) -> GRPCError.Code? {
    if case .fail(let error) = action { error.code } else { nil }
  }

  // MARK: - Inbound

  @Test func deliversMessagesAsTheyBecomeComplete() {
    var stream = stream()
    let wire = framed([1]) + framed([2, 2]) + framed([3])
    #expect(stream.receivedData(Array(wire[..<8]), endStream: false) == .deliver([[1]], ended: false))
    #expect(stream.pendingBytes == 2)
    #expect(!stream.inboundEnded)
    #expect(
      stream.receivedData(Array(wire[8...]), endStream: true)
        == .deliver([[2, 2], [3]], ended: true))
    #expect(stream.inboundEnded)
    #expect(stream.pendingBytes == 0)
  }

  @Test func anEndAloneIsDelivered() {
    var stream = stream()
    #expect(stream.receivedEnd() == .deliver([], ended: true))
    #expect(stream.inboundEnded)
  }

  @Test func whatComesAfterTheEndIsIgnored() {
    var stream = stream()
    _ = stream.receivedEnd()
    #expect(stream.receivedData(framed([1]), endStream: false) == .ignore)
    #expect(stream.receivedEnd() == .ignore)
  }

  @Test(arguments: 1..<6)
  func anEndInsideAMessageFails(_ count: Int) {
    var stream = stream()
    let part = Array(framed([1])[..<count])
    #expect(failure(stream.receivedData(part, endStream: true)) == (count == 6 ? nil : .internal))
  }

  @Test func failures() {
    var tooLong = stream(limit: 3)
    #expect(failure(tooLong.receivedData(framed([1, 2, 3, 4]), endStream: false)) == .resourceExhausted)
    var badFlag = stream()
    #expect(failure(badFlag.receivedData([9, 0, 0, 0, 0], endStream: false)) == .internal)
    var noEncoding = stream()
    let gzip = deflated([1], as: .gzip)
    #expect(failure(noEncoding.receivedData(framed(gzip, isCompressed: true), endStream: false)) == .internal)
  }

  @Test(arguments: [(MessageEncoding.gzip, Container.gzip), (.deflate, .zlib)])
  func marksCompressedMessagesForTheirReader(_ encoding: MessageEncoding, _ container: Container) throws {
    var stream = stream(encoding)
    let packed = deflated([7, 7], as: container)
    let wire = framed(packed, isCompressed: true) + framed([8])
    let frames = [MessageDeframer.Frame(isCompressed: true, payload: packed), [8]]
    #expect(stream.receivedData(wire, endStream: false) == .deliver(frames, ended: false))
    #expect(try frames.map { try $0.message(limit: 100) } == [[7, 7], [8]])
  }

  @Test func aReaderGetsNoGarbageAndNoBomb() {
    let garbage = MessageDeframer.Frame(isCompressed: true, payload: [1])
    #expect(throws: GRPCError.self) { try garbage.message(limit: 100) }
    let zeros = deflated([UInt8](repeating: 0, count: 101), as: .gzip)
    let bomb = MessageDeframer.Frame(isCompressed: true, payload: zeros)
    let error = #expect(throws: GRPCError.self) { try bomb.message(limit: 100) }
    #expect(error?.code == .resourceExhausted)
  }

  @Test func afterTheStatusInboundBytesAreIgnoredAndForgotten() {
    var stream = stream()
    _ = stream.receivedData(Array(framed([1, 2, 3])[..<6]), endStream: false)
    #expect(stream.pendingBytes == 6)
    _ = stream.finish()
    #expect(stream.pendingBytes == 0)
    #expect(stream.receivedData(framed([1]), endStream: false) == .ignore)
    #expect(stream.receivedEnd() == .ignore)
  }

  // MARK: - Outbound

  @Test func aStatusWithoutMessagesIsTrailersOnly() {
    var stream = stream()
    #expect(stream.finish() == .sendTrailersOnly)
    #expect(stream.finish() == .ignore)
    #expect(stream.sendMessage() == .ignore)
  }

  @Test func headersGoBeforeTheFirstMessageOnly() {
    var stream = stream()
    #expect(stream.sendMessage() == .sendHeadersAndMessage)
    #expect(stream.sendMessage() == .sendMessage)
    #expect(stream.sendMessage() == .sendMessage)
    #expect(stream.finish() == .sendTrailers)
    #expect(stream.sendMessage() == .ignore)
    #expect(stream.finish() == .ignore)
  }

  @Test func outboundDoesNotDependOnInbound() {
    var stream = stream()
    _ = stream.receivedEnd()
    #expect(stream.sendMessage() == .sendHeadersAndMessage)
    #expect(stream.finish() == .sendTrailers)
  }
}
