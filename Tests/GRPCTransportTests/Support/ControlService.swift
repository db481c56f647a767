import Foundation
import GRPCTransport
import Synchronization

/// What a call's handler does, step by step; the call's first message says it.
enum Step: Codable, Equatable {
  /// Sends messages of `size` bytes, `pattern(size, seed: n)` each.
  case reply(count: Int, size: Int)
  /// Sends every further message back.
  case echo
  /// Reads that many messages.
  case read(Int)
  /// Reads to the end.
  case readAll
  /// Tells the test something, in the call's name.
  case report(String)
  /// Waits for the test to open the gate of that name; its task's cancellation does not end that.
  case awaitGate(String)
  /// Waits for its task to be cancelled.
  case awaitCancellation
  /// Reports "cancelled" if the next step fails, and passes the error on.
  case reportFailure
  case fail(code: Int, message: String, metadata: [String: String] = [:])
  /// Fails with an error that is no status.
  case failUnexpectedly
}

struct Script: Codable {
  var name = "call"
  var steps: [Step]

  init(_ name: String = "call", _ steps: Step...) {
    self.name = name
    self.steps = steps
  }

  var bytes: [UInt8] {
    // A value of this type always encodes.
    (try? JSONEncoder().encode(self)).map { Array($0) } ?? []
  }
}

/// A test double of a service: `/test.Control/Stream`, `/test.Control/Unary` (its reply is the last step's only
/// message) and `/test.Control/Echo`.
final class ControlService: Sendable {
  struct Unexpected: Error {}

  /// `call: word`, as reported.
  let reports = Mailbox<String>()
  /// Messages that handlers have sent, all calls together.
  let sent = Atomic(0)
  private let gates = Mutex<[String: Gate]>([:])

  func open(_ gate: String) { self.gate(gate).open() }

  var routes: Routes {
    var routes = Routes()
    routes.add("/test.Control/Stream", .streaming { [self] call in try await run(call) })
    routes.add("/test.Control/Unary", .unary { [self] call, body in try await answer(call, body) })
    routes.add("/test.Control/Echo", .unary { _, body in body })
    // Answers without reading anything.
    routes.add(
      "/test.Control/Refuse", .streaming { _ in throw GRPCError(.permissionDenied, "not today") })
    // Need no script, so they do not depend on what arrives before a deadline.
    routes.add(
      "/test.Control/Wait", .streaming { [self] in try await perform(.awaitCancellation, $0, "wait") })
    routes.add(
      "/test.Control/Read",
      .streaming { [reports] call in
        do throws(GRPCError) {
          while try await call.nextMessage() != nil {}
        } catch {
          reports.put("read: \(error.code)")
          throw error
        }
      })
    return routes
  }

  private func gate(_ name: String) -> Gate {
    gates.withLock { gates in
      if let gate = gates[name] { return gate }
      let gate = Gate()
      gates[name] = gate
      return gate
    }
  }

  private func run(_ call: ServerCall) async throws {
    guard let first = try await call.nextMessage() else { return }
    let script = try JSONDecoder().decode(Script.self, from: Data(first))
    for (index, step) in script.steps.enumerated() {
      do {
        try await perform(step, call, script.name)
      } catch {
        if index > 0, script.steps[index - 1] == .reportFailure {
          let isCancelled = Task.isCancelled ? " (task cancelled)" : ""
          let code = (error as? GRPCError).map { "\($0.code)" } ?? "\(type(of: error))"
          reports.put("\(script.name): \(code)\(isCancelled)")
        }
        throw error
      }
    }
  }

  private func answer(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let script = try JSONDecoder().decode(Script.self, from: Data(body))
    for step in script.steps {
      if case .reply(_, let size) = step { return pattern(size) }
      try await perform(step, call, script.name)
    }
    return []
  }

  private func perform(_ step: Step, _ call: ServerCall, _ name: String) async throws {
    switch step {
    case .reply(let count, let size):
      for seed in 0..<count {
        try await call.send(pattern(size, seed: seed))
        sent.wrappingAdd(1, ordering: .relaxed)
      }
    case .echo:
      while let message = try await call.nextMessage() { try await call.send(message) }
    case .read(let count):
      for _ in 0..<count { _ = try await call.nextMessage() }
    case .readAll:
      while try await call.nextMessage() != nil {}
    case .report(let word):
      reports.put("\(name): \(word)")
    case .awaitGate(let gate):
      await self.gate(gate).wait()
    case .awaitCancellation:
      let gate = Gate()
      await withTaskCancellationHandler {
        await gate.wait()
      } onCancel: {
        gate.open()
      }
      reports.put("\(name): cancelled")
      throw CancellationError()
    case .reportFailure:
      break
    case .fail(let code, let message, let metadata):
      throw GRPCError(
        GRPCError.Code(rawValue: code) ?? .unknown, message,
        metadata: metadata.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) })
    case .failUnexpectedly:
      throw Unexpected()
    }
  }
}
