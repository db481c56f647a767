import Synchronization

/// What one call has of the server's ``HeldBytes`` before its handler reads: an incomplete message and unread ones.
///
/// The connection counts bytes in as they arrive. A message that is read takes its count along in a ``HeldMessage``:
/// its flow-control credit has gone back by then, so nothing else bounds what handlers work on.
final class CallBytes: Sendable {
  private struct State {
    var incomplete = 0
    var unread = 0
  }

  private let server: HeldBytes
  private let state = Mutex(State())

  init(_ server: HeldBytes) {
    self.server = server
  }

  /// Counts `count` more bytes of complete messages, and what there is now of an incomplete one; false if that exceeds
  /// the server's bound. Bytes that were counted as an incomplete message's are never refused once it is complete.
  func receive(_ count: Int, incomplete: Int) -> Bool {
    let more = state.withLock { state -> Int in
      let more = count + incomplete - state.incomplete
      state.unread += count
      state.incomplete = incomplete
      return more
    }
    let fits = server.add(more)
    return fits || more <= 0
  }

  /// The handler reads a message of `count` bytes.
  func take(_ count: Int) -> HeldMessage {
    let taken = state.withLock { state -> Int in
      // Fewer if the call has ended meanwhile: `drop()` counted them out.
      let taken = min(count, state.unread)
      state.unread -= taken
      return taken
    }
    return HeldMessage(server, bytes: taken)
  }

  /// The call is over for the client: what was not read will not be.
  func drop() {
    let dropped = state.withLock { state -> Int in
      let dropped = state.incomplete + state.unread
      state = State()
      return dropped
    }
    server.remove(dropped)
  }
}

/// A request message that counts against the server's bound as long as anyone keeps this.
public final class HeldMessage: Sendable {
  private let server: HeldBytes
  private let bytes: Atomic<Int>

  /// - Parameter bytes: what `server` already counts.
  init(_ server: HeldBytes, bytes: Int) {
    self.server = server
    self.bytes = Atomic(bytes)
  }

  /// The message takes `count` bytes now; false if it grew and that exceeds the server's bound.
  func resize(to count: Int) -> Bool {
    let more = count - bytes.exchange(count, ordering: .relaxed)
    let fits = server.add(more)
    return fits || more <= 0
  }

  deinit {
    server.remove(bytes.load(ordering: .relaxed))
  }
}
