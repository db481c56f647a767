import Testing

@testable import GRPCTransport

struct CallBytesTests {
  private let server = HeldBytes(limit: 100)

  @Test func anIncompleteMessageBecomesACompleteOneWithoutCountingTwice() {
    let bytes = CallBytes(server)
    #expect(bytes.receive(0, incomplete: 30))
    #expect(bytes.receive(0, incomplete: 60))
    #expect(server.count == 60)
    #expect(bytes.receive(70, incomplete: 10))
    #expect(server.count == 80)
    bytes.drop()
    #expect(server.count == 0)
  }

  @Test func aReadMessageCountsAsLongAsItIsKept() {
    let bytes = CallBytes(server)
    #expect(bytes.receive(60, incomplete: 10))
    var kept = [bytes.take(40), bytes.take(20)]
    #expect(server.count == 70)
    kept.removeFirst()
    #expect(server.count == 30)
    bytes.drop()
    #expect(server.count == 20)
    kept.removeAll()
    #expect(server.count == 0)
  }

  @Test func aMessageTakenAfterTheEndIsNotCountedOutTwice() {
    let bytes = CallBytes(server)
    #expect(bytes.receive(50, incomplete: 0))
    bytes.drop()
    var late = [bytes.take(50)]
    #expect(server.count == 0)
    late.removeAll()
    #expect(server.count == 0)
  }

  @Test func aGrownMessageCountsAtItsNewSize() {
    let bytes = CallBytes(server)
    #expect(bytes.receive(10, incomplete: 0))
    var kept = [bytes.take(10)]
    for message in kept { #expect(message.resize(to: 90)) }
    #expect(server.count == 90)
    for message in kept { #expect(!message.resize(to: 101)) }
    for message in kept { #expect(message.resize(to: 20)) }
    #expect(server.count == 20)
    kept.removeAll()
    #expect(server.count == 0)
  }

  @Test func overTheBoundOnlyMoreIsRefused() {
    let bytes = CallBytes(server)
    let others = CallBytes(server)
    #expect(bytes.receive(0, incomplete: 65))
    #expect(!others.receive(50, incomplete: 0))
    // Complete now: 5 bytes fewer, its prefix.
    #expect(bytes.receive(60, incomplete: 0))
    others.drop()
    bytes.drop()
    #expect(server.count == 0)
  }
}
