import Service
import WireFormats

/// One text's result, however it was computed.
typealias EmbedResult = Result<TextVector, TextFailure>

/// A vector and its receipt.
struct TextVector {
  var vector: [Float]
  var receipt: Duri_V1_Receipt
}

/// Why a text has no vector.
struct TextFailure: Error {
  /// gRPC status code.
  var code: UInt32
  var message: String
}
