import Duri
import GRPCTransport
import Logging
import ModelFiles
import Service
import ServiceLifecycle
import WireFormats

/// The server put together: load → self-test → listen; on SIGTERM or SIGINT drain in reverse.
public struct Server: Sendable {
  /// What `GetModel` tells and `duri --version` prints.
  public static let version = "0.1.0"

  private let configuration: Configuration
  private let logger: Logger

  public init(_ configuration: Configuration, logger: Logger) {
    self.configuration = configuration
    self.logger = logger
  }

  /// Serves until a signal asks it to stop and open calls have ended.
  ///
  /// - Parameter onListening: told the model and the bound port once calls are accepted.
  /// - Throws: an error whose description names what is wrong: a model file, a failed self-test, a taken port.
  public func run(onListening: @escaping @Sendable (ModelContract, Int) -> Void) async throws {
    let model = try EmbeddingModel.load(
      configuration.model,
      options: EmbeddingModel.Options(
        precision: configuration.precision, maximumTokens: configuration.maximumTokens,
        pooling: configuration.pooling, engine: configuration.engine))
    if let agreement = model.agreement {
      logger.notice(
        "precision chosen by its agreement with f32",
        metadata: [
          "precision": "\(model.precision.rawValue)", "mean_cosine": "\(agreement.meanCosine)",
          "worst_cosine": "\(agreement.worstCosine)",
        ])
    }
    do {
      try await SelfTest.run(model)
      let listener = try GRPCListener(model: model, configuration: configuration, logger: logger) {
        onListening(model.contract, $0)
      }
      // A graceful stop is given the drain time and a little to close; then tasks are cancelled.
      var group = ServiceGroupConfiguration(
        services: [listener], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
      group.maximumGracefulShutdownDuration = configuration.grpc.drainTimeout + .seconds(5)
      try await ServiceGroup(configuration: group).run()
    } catch {
      await model.shutdown()
      throw error
    }
    await model.shutdown()
  }

  /// The lifecycle library reports its own steps; only its warnings concern an operator.
  private var quiet: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }
}
