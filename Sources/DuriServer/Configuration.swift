import EmbeddingEngine
import Encoder
import GRPCTransport
import HTTPTransport
import ModelFiles
import Service

/// Everything a server can be told; the defaults are those of `duri serve`.
public struct Configuration: Sendable {
  /// A folder in Hugging Face layout, or the name of a built-in model.
  public var model = BuiltInModels.defaultName
  /// Arithmetic; default f32. nil takes the fastest that agrees with f32 on the model.
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
  /// The JSON listener; nil, the default, serves none.
  public var http: HTTPConfiguration?
  /// Where collections are kept: a directory of this machine, a Milvus server, or nowhere; default nowhere.
  public var store = StoreLocation.none
  /// A cross-encoder's folder or built-in name; nil serves none.
  public var reranker: String?
  /// Arithmetic of the cross-encoder; default f32.
  public var rerankerPrecision: Precision? = .f32
  /// Threads that serve sockets; default 1, which a two-core machine needs for its computing more than for sockets.
  public var socketThreads = 1

  public init() {}
}

/// Where collections are kept.
public enum StoreLocation: Sendable, Equatable {
  case none
  /// A directory, made if it does not exist; one process at a time.
  case directory(String)
  /// A Milvus server, `milvus://[user:password@]host[:port][/database]`; any number of processes.
  case milvus(String)
}
