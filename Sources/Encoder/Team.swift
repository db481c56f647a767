import CKernels
import Synchronization

/// Threads that compute one block together, so that a short text uses every core.
///
/// One thread leads: it runs phases, each cut into pieces, and takes pieces itself. Helpers take
/// pieces while there are any. Nobody waits for a helper that has not come: the leader alone would
/// finish every phase, and waits only for pieces that are in someone's hands. Which thread computes
/// a piece must change nothing in its result.
public final class Team: @unchecked Sendable {
  // Safe: `body` is written by the leader while no piece is open, and read only by whoever holds a
  // piece; `ticket` and `unfinished` order the two.

  /// Most threads that take part, the leader included; member 0 leads.
  public let size: Int

  /// Phase (32 bits), its pieces (16), the next one nobody has taken (16), in one word: a piece is
  /// taken by raising the word by 1, which fails if the phase is another one by then.
  private let ticket = Atomic<UInt64>(0)
  /// Pieces of the phase that are not computed yet.
  private let unfinished = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)
  private var body: (_ piece: Int, _ member: Int) -> Void = { _, _ in }

  static let mostPieces = Int(UInt16.max)

  /// - Parameter size: at least 1; a team of 1 is the leader alone.
  public init(size: Int) {
    self.size = max(1, size)
  }

  // MARK: - The leader

  /// Computes `body(piece, member)` for every piece in `0..<pieces` and returns when all are done.
  /// A member computes one piece at a time.
  ///
  /// - Parameter pieces: up to ``mostPieces``.
  func run(_ pieces: Int, _ body: @escaping (_ piece: Int, _ member: Int) -> Void) {
    guard size > 1, pieces > 1, pieces <= Self.mostPieces else {
      for piece in 0..<pieces { body(piece, 0) }
      return
    }
    self.body = body
    unfinished.store(pieces, ordering: .relaxed)
    let phase = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(phase << 32 | UInt64(pieces) << 16, ordering: .releasing)
    while takePiece(member: 0) {}
    var patience = Patience()
    while unfinished.load(ordering: .acquiring) > 0 { patience.wait() }
  }

  /// Lets the helpers go: there will be no more phases.
  public func finish() {
    isOver.store(true, ordering: .releasing)
  }

  // MARK: - Helpers

  /// Takes pieces until the leader has finished, or has had none for so long that its thread must be
  /// at something else.
  ///
  /// - Parameter member: 1 ..< ``size``, each given to one thread.
  public func assist(_ member: Int) {
    guard (1..<size).contains(member) else { return }
    var patience = Patience()
    while !isOver.load(ordering: .acquiring), !patience.isSpent {
      if takePiece(member: member) {
        patience = Patience()
      } else {
        patience.wait()
      }
    }
  }

  // MARK: - Pieces

  /// Takes and computes a piece of the phase under way.
  ///
  /// - Returns: false if there is none.
  private func takePiece(member: Int) -> Bool {
    var seen = ticket.load(ordering: .acquiring)
    while true {
      let pieces = seen >> 16 & 0xFFFF
      let next = seen & 0xFFFF
      guard next < pieces else { return false }
      let (taken, found) = ticket.weakCompareExchange(
        expected: seen, desired: seen + 1, ordering: .acquiring)
      if taken {
        body(Int(next), member)
        unfinished.subtract(1, ordering: .releasing)
        return true
      }
      seen = found
    }
  }
}

/// Waiting for another thread: at first without leaving the core, then letting others run, then asleep
/// for most of the time.
private struct Patience {
  private var looks = 0

  /// Some tens of microseconds: longer than the pieces of a short text differ from one another.
  private static let spinning = 1500
  /// Until about a millisecond has passed.
  private static let givingWay = spinning + 2000
  /// Naps, for some tenths of a second: longer than any piece.
  private static let end = givingWay + 3000

  var isSpent: Bool { looks >= Self.end }

  mutating func wait() {
    if looks < Self.spinning {
      duri_pause()
    } else if looks < Self.givingWay {
      duri_yield()
    } else {
      duri_nap()
    }
    looks = min(looks + 1, Self.end)
  }
}
