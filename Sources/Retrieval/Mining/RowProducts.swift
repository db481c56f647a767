import COpenBLAS
import Foundation

/// Inner products of vectors with vectors, a tile at a time: never more than a tile's scores exist, however
/// many vectors there are.
struct RowProducts {
  /// Rows of the left side that are taken together.
  static let leftRows = 256
  /// Rows of the right side a tile.
  static let rightRows = 1024

  /// (left count, dimension)
  let left: [Float]
  let leftCount: Int
  /// (right count, dimension)
  let right: [Float]
  let rightCount: Int
  let dimension: Int

  init(_ left: UnitRows, _ right: UnitRows) {
    // Vectors of two dimensions have no products.
    let isUsable = left.dimension == right.dimension
    self.init(
      left: left.values, isUsable ? left.count : 0, right: right.values, isUsable ? right.count : 0,
      dimension: left.dimension)
  }

  init(left: [Float], _ leftCount: Int, right: [Float], _ rightCount: Int, dimension: Int) {
    _ = Self.singleThreaded
    self.left = left
    self.leftCount = leftCount
    self.right = right
    self.rightCount = rightCount
    self.dimension = dimension
  }

  /// Runs of left rows that ``forEachTile(_:from:_:_:)`` takes.
  var blocks: Int { (leftCount + Self.leftRows - 1) / Self.leftRows }

  func rows(ofBlock block: Int) -> Range<Int> {
    block * Self.leftRows..<min((block + 1) * Self.leftRows, leftCount)
  }

  /// One thread's scores: (``leftRows``, ``rightRows``).
  typealias Tile = [Float]

  static func makeTile() -> Tile { Tile(repeating: 0, count: leftRows * rightRows) }

  /// Multiplies left rows with all right rows from `first` on, tile after tile in rising order.
  ///
  /// - Parameters:
  ///   - rows: at most ``leftRows``.
  ///   - body: gets the right rows of a tile and for each left row, from `rows.lowerBound` on, their
  ///     scores with ``rightRows`` floats from row to row.
  func forEachTile(
    _ rows: Range<Int>, from first: Int = 0, _ tile: inout Tile,
    _ body: (_ right: Range<Int>, _ scores: UnsafePointer<Float>) -> Void
  ) {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        tile.withUnsafeMutableBufferPointer { tile in
          guard let left = left.baseAddress, let right = right.baseAddress,
            let scores = tile.baseAddress, !rows.isEmpty
          else { return }
          for start in stride(from: first, to: rightCount, by: Self.rightRows) {
            let columns = start..<min(start + Self.rightRows, rightCount)
            cblas_sgemm(
              CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows.count), blasint(columns.count),
              blasint(truncatingIfNeeded: dimension), 1, left + rows.lowerBound * dimension,
              blasint(truncatingIfNeeded: dimension), right + start * dimension,
              blasint(truncatingIfNeeded: dimension), 0, scores, blasint(Self.rightRows))
            body(columns, scores)
          }
        }
      }
    }
  }

  /// One thread per BLAS call; the blocks are shared out among threads here. Calls from several threads at
  /// once are safe in that mode.
  static let singleThreaded: Void = openblas_set_num_threads(1)
}

/// Threads for the length of one operation, with something of its own for each of them.
struct MiningThreads {
  private let threads = SearchThreads(count: ProcessInfo.processInfo.activeProcessorCount)
  let cancellation: MiningCancellation?

  init(_ cancellation: MiningCancellation?) { self.cancellation = cancellation }

  /// Computes `body(piece, member)` for every piece in `0..<pieces`, or for no more of them once that is
  /// asked for, and returns the members.
  ///
  /// - Parameter make: makes one member; there are as many as threads.
  @discardableResult
  func run<Member: AnyObject>(
    _ pieces: Int, make: () -> Member, _ body: @escaping (_ piece: Int, _ member: Member) -> Void
  ) -> [Member] {
    let members = (0..<threads.count).map { _ in make() }
    threads.run(pieces) { [cancellation] piece, member in
      guard cancellation?.isRequested != true else { return }
      body(piece, members[member])
    }
    return members
  }
}
