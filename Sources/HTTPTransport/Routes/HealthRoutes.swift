import HummingbirdCore
import Service

/// Whether the process lives, and whether it should be sent work.
struct HealthRoutes: RouteGroup {
  /// false once the server drains.
  let isServing: @Sendable () -> Bool

  func add(to table: inout RouteTable) {
    table.add(.get, "/healthz") { _ in Self.serving }
    table.add(.get, "/readyz") { _ in
      guard isServing() else {
        throw ServiceError(
          .unavailable, "the server is shutting down; use another", retryAfter: .seconds(1))
      }
      return Self.serving
    }
  }

  private static var serving: Response {
    .json { $0.object { $0.field("status", "SERVING") } }
  }
}
