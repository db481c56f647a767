import ServiceLifecycle
import Synchronization

/// Both listeners as one lifecycle service, so that they drain at the same time and not one after the other.
struct Listeners: ServiceLifecycle.Service {
  let grpc: GRPCListener
  let http: HTTPListener?

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await grpc.run() }
      if let http { group.addTask { try await http.run() } }
      // Either one's failure ends the other.
      while try await group.next() != nil {}
    }
  }
}

/// The ports that calls are accepted on.
public struct ListeningPorts: Sendable, Equatable {
  public var grpc: Int
  /// nil where JSON is not served.
  public var http: Int?
}

/// Waits for every listener, then tells all ports at once.
final class PortReport: Sendable {
  private let state: Mutex<(grpc: Int?, http: Int?)>
  private let awaitsHTTP: Bool
  private let report: @Sendable (ListeningPorts) -> Void

  init(awaitsHTTP: Bool, report: @escaping @Sendable (ListeningPorts) -> Void) {
    state = Mutex((nil, nil))
    self.awaitsHTTP = awaitsHTTP
    self.report = report
  }

  func grpcListens(on port: Int) { update { $0.grpc = port } }

  func httpListens(on port: Int) { update { $0.http = port } }

  private func update(_ change: (inout (grpc: Int?, http: Int?)) -> Void) {
    let ports = state.withLock { state -> ListeningPorts? in
      change(&state)
      guard let grpc = state.grpc, !awaitsHTTP || state.http != nil else { return nil }
      return ListeningPorts(grpc: grpc, http: state.http)
    }
    if let ports { report(ports) }
  }
}
