import EmbeddingEngine
import Foundation
import Service
import Tokenization

extension ServiceError.Code {
  /// The name of the gRPC status, such as `INVALID_ARGUMENT`.
  public var name: String {
    switch self {
    case .cancelled: "CANCELLED"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    }
  }
}

extension ServiceError {
  /// `retry_after_ms` of a body: whole milliseconds, at least 1; nil where trying again makes no sense.
  public var retryAfterMilliseconds: Int64? {
    retryAfter.map { duration in
      let (seconds, attoseconds) = duration.components
      let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
      return overflow ? .max : max(1, milliseconds + attoseconds / 1_000_000_000_000_000)
    }
  }
}

extension JSONWriter {
  /// `{"error": {"code", "message", "retry_after_ms"?}}`: every failed request's body.
  public mutating func failure(code: String, message: String, retryAfterMilliseconds: Int64? = nil) {
    object { json in
      json.object("error") { json in
        json.field("code", code)
        json.field("message", message)
        if let retryAfterMilliseconds { json.field("retry_after_ms", retryAfterMilliseconds) }
      }
    }
  }

  public mutating func failure(_ error: ServiceError) {
    failure(
      code: error.code.name, message: error.message,
      retryAfterMilliseconds: error.retryAfterMilliseconds)
  }

  /// `status` of one item; nil is success.
  mutating func status(_ error: ServiceError?) {
    object("status") { json in
      json.field("code", error?.code.name ?? "OK")
      if let error { json.field("message", error.message) }
    }
  }

  mutating func receipt(_ receipt: Receipt) {
    object("receipt") { json in
      json.field("tokens", receipt.tokens)
      json.field("tokens_used", receipt.tokensUsed)
      json.field("truncated", receipt.truncated)
      json.field("kept_begin", receipt.kept.lowerBound)
      json.field("kept_end", receipt.kept.upperBound)
      json.field("normalization_changed", receipt.normalizationChanged)
      json.field("unknown_pieces", receipt.unknownPieces)
      json.field("prefix", receipt.prefix)
      json.field("prefix_already_present", receipt.prefixAlreadyPresent)
    }
  }

  mutating func timings(_ stages: StageTimings, total: Duration) {
    object("timings") { json in
      json.field("total_ns", total.nanoseconds)
      json.field("tokenization_ns", stages.tokenization.nanoseconds)
      json.field("queue_ns", stages.queue.nanoseconds)
      json.field("inference_ns", stages.inference.nanoseconds)
    }
  }
}
