import Duri
import EmbeddingEngine
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

  /// Serves until a signal asks it to stop and open calls have ended, or the task is cancelled.
  ///
  /// - Parameter handlesSignals: false leaves SIGTERM and SIGINT to the process.
  /// - Parameter onListening: told the model and the bound ports once calls are accepted on all of them.
  /// - Throws: an error whose description names what is wrong: a model file, a failed self-test, a taken port.
  public func run(
    handlesSignals: Bool = true,
    onListening: @escaping @Sendable (ModelContract, ListeningPorts) -> Void
  ) async throws {
    let model = try EmbeddingModel.load(
      configuration.model,
      options: EmbeddingModel.Options(
        precision: configuration.precision, maximumTokens: configuration.maximumTokens,
        pooling: configuration.pooling, engine: configuration.engine))
    tellPrecision(of: model.embedder)
    do {
      try await SelfTest.run(model)
      let operations = try await Operations.make(model: model, configuration: configuration)
      if let reranking = operations.reranking { tellPrecision(of: reranking.reranker) }
      do {
        try await serve(operations, handlesSignals: handlesSignals) { onListening(model.contract, $0) }
      } catch {
        await operations.close()
        throw error
      }
      await operations.close()
    } catch {
      await model.shutdown()
      throw error
    }
    await model.shutdown()
  }

  private func tellPrecision(of model: some ServedModel) {
    guard let agreement = model.agreement else { return }
    logger.notice(
      "precision chosen by its agreement with f32",
      metadata: [
        "model": "\(model.contract.name)", "precision": "\(model.precision.rawValue)",
        "measured": "\(agreement.precision.rawValue)", "mean_cosine": "\(agreement.meanCosine)", "worst_cosine": "\(agreement.worstCosine)",
      ])
  }

  private func serve(
    _ operations: Operations, handlesSignals: Bool,
    onListening: @escaping @Sendable (ListeningPorts) -> Void
  ) async throws {
    let health = HealthState(services: ServerRoutes.services)
    let ports = PortReport(awaitsHTTP: configuration.http != nil, report: onListening)
    let listeners = Listeners(
      grpc: try GRPCListener(
        operations: operations, configuration: configuration, health: health, logger: logger,
        onListening: ports.grpcListens),
      http: configuration.http.map { http in
        HTTPListener(
          operations: operations, http: http, configuration: configuration, health: health,
          logger: logger, onListening: ports.httpListens)
      })
    // A graceful stop is given the drain time and a little to close; then tasks are cancelled.
    var group = ServiceGroupConfiguration(
      services: [listeners], gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
      logger: quiet)
    group.maximumGracefulShutdownDuration = configuration.grpc.drainTimeout + .seconds(5)
    try await ServiceGroup(configuration: group).run()
  }

  /// The lifecycle library reports its own steps; only its warnings concern an operator.
  private var quiet: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }
}
