import EmbeddingEngine
import Encoder
import GRPCTransport
import ModelFiles
import Service

/// Everything a server can be told; the defaults are those of `duri serve`.
public struct Configuration: Sendable {
  /// A folder in Hugging Face layout, or the name of a built-in model.
  public var model = BuiltInModels.defaultName
  /// Arithmetic; default f32. nil takes int8 if it agrees with f32 on the model.
  public var precision: Precision? = .f32
  /// Length limit in tokens; nil means the model's own.
  public var maximumTokens: Int?
  /// Pooling; nil means the model's own.
  public var pooling: Pooling?
  /// Threads and queue sizes.
  public var engine = EngineConfiguration()
  /// Bounds on what one caller may ask.
  public var limits = ServiceLimits()
  /// The gRPC listener.
  public var grpc = GRPCServerConfiguration()
  /// Threads that serve sockets; default 1, which a two-core machine needs for its computing more than for sockets.
  public var socketThreads = 1

  public init() {}
}
