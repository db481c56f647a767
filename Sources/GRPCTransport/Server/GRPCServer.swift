import HTTP2
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A gRPC server on cleartext HTTP/2.
///
/// Every connection and every call is a task below ``serve(onListening:)``; it returns once drained.
public final class GRPCServer: Sendable {
  private struct Connection: Sendable {
    let channel: any Channel
    let calls: AsyncStream<ServerCall>
    let handler: NIOLoopBound<ServerConnectionHandler>
  }

  /// What is open. Only `serving` may move to `draining`; nothing moves back.
  private enum State {
    case idle
    case serving(listener: any Channel, connections: [ObjectIdentifier: Connection])
    case draining(connections: [ObjectIdentifier: Connection])
  }

  private let configuration: GRPCServerConfiguration
  private let routes: Routes
  private let group: any EventLoopGroup
  private let logger: Logger
  let held: HeldBytes
  private let state = Mutex(State.idle)

  public init(
    configuration: GRPCServerConfiguration, routes: Routes, group: any EventLoopGroup,
    logger: Logger
  ) {
    self.configuration = configuration
    self.routes = routes
    self.group = group
    self.logger = logger
    held = HeldBytes(limit: configuration.maximumHeldBytes)
  }

  /// Listens and serves until drained.
  ///
  /// - Parameter onListening: told the bound port once connections are accepted.
  /// - Throws: the system's error if the address cannot be listened on.
  public func serve(onListening: @Sendable (Int) -> Void = { _ in }) async throws {
    let listener = try await listen()
    let wasDrained = state.withLock { state -> Bool in
      guard case .idle = state else { return true }
      state = .serving(listener: listener.channel, connections: [:])
      return false
    }
    guard !wasDrained else {
      try await listener.channel.close()
      return
    }
    onListening(listener.channel.localAddress?.port ?? configuration.port)
    try await withThrowingDiscardingTaskGroup { group in
      try await listener.executeThenClose { inbound in
        for try await connection in inbound {
          group.addTask { await self.serve(connection) }
        }
      }
    }
  }

  /// Accepts no more connections or calls and lets open ones end, within the drain timeout. Returns at once.
  public func beginDrain() {
    let (listener, connections) = state.withLock {
      state -> ((any Channel)?, [Connection]) in
      guard case .serving(let listener, let connections) = state else {
        if case .idle = state { state = .draining(connections: [:]) }
        return (nil, [])
      }
      state = .draining(connections: connections)
      return (listener, Array(connections.values))
    }
    listener?.close(promise: nil)
    for connection in connections { drain(connection) }
  }

  private func drain(_ connection: Connection) {
    connection.channel.eventLoop.execute { connection.handler.value.beginDrain() }
  }

  private func listen() async throws -> NIOAsyncChannel<Connection, Never> {
    try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 512)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .bind(host: configuration.host, port: configuration.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let (calls, continuation) = AsyncStream.makeStream(of: ServerCall.self)
          let handler = try ServerConnectionHandler(
            configuration: self.configuration, routes: self.routes, calls: continuation,
            held: self.held, logger: self.logger)
          try channel.pipeline.syncOperations.addHandler(handler)
          return Connection(
            channel: channel, calls: calls,
            handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
      }
  }

  /// Runs one connection's calls until it closes.
  private func serve(_ connection: Connection) async {
    let id = ObjectIdentifier(connection.channel)
    switch admit(connection, as: id) {
    case .full:
      logger.warning("connection refused: \(configuration.maximumConnections) are open")
      connection.channel.close(promise: nil)
    case .draining: drain(connection)
    case .admitted: break
    }
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        for await call in connection.calls {
          group.addTask { await self.answer(call) }
        }
      }
    } onCancel: {
      connection.channel.close(promise: nil)
    }
    state.withLock { state in
      switch state {
      case .idle: break
      case .serving(let listener, var connections):
        connections[id] = nil
        state = .serving(listener: listener, connections: connections)
      case .draining(var connections):
        connections[id] = nil
        state = .draining(connections: connections)
      }
    }
  }

  private enum Entrance { case admitted, full, draining }

  private func admit(_ connection: Connection, as id: ObjectIdentifier) -> Entrance {
    state.withLock { state in
      guard case .serving(let listener, var connections) = state else { return .draining }
      guard connections.count < configuration.maximumConnections else { return .full }
      connections[id] = connection
      state = .serving(listener: listener, connections: connections)
      return .admitted
    }
  }

  /// Runs a call's handler; cancels it when the client no longer waits.
  private func answer(_ call: ServerCall) async {
    guard let handler = routes.handler(for: call.path) else { return }
    await withDiscardingTaskGroup { group in
      group.addTask {
        do {
          let message = try await handler.run(call)
          call.finish(message: message, error: nil)
        } catch let error as GRPCError {
          call.finish(message: nil, error: error)
        } catch is CancellationError {
          call.finish(message: nil, error: .taskCancelled)
        } catch {
          self.logger.error("a handler failed", metadata: ["path": "\(call.path)"])
          call.finish(message: nil, error: GRPCError(.internal, "internal error"))
        }
      }
      // Fires after `finish` too.
      await call.ended.wait()
      group.cancelAll()
    }
  }
}
