import GRPCTransport
import SwiftProtobuf

func serialize(_ message: some Message) throws(GRPCError) -> [UInt8] {
  do {
    return try message.serializedBytes()
  } catch {
    throw GRPCError(.internal, "the request could not be encoded")
  }
}

func parse<M: Message>(_ bytes: [UInt8]) throws(GRPCError) -> M {
  do {
    return try M(serializedBytes: bytes)
  } catch {
    throw GRPCError(.internal, "the server's answer is not a valid \(M.protoMessageName) message")
  }
}
