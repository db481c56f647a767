/// The rows of a search cut into pieces that threads take one by one.
struct RowPieces {
  /// Rows of one segment that lie together.
  struct Piece {
    let segment: VectorSegment
    /// First row within the segment, a multiple of 64.
    let start: Int
    let count: Int
    /// Running number of the first row.
    let firstRow: UInt32
  }

  /// Rows of a piece that are computed at once.
  struct Block {
    let segment: VectorSegment
    /// First row within the segment, a multiple of 64.
    let start: Int
    let count: Int
    /// Running number of the first row.
    let firstRow: UInt32
    /// Of these rows; nil: all.
    let live: UnsafePointer<UInt64>?

    func f32(_ dimension: Int) -> UnsafePointer<Float> { segment.f32 + start * dimension }
    func int8(_ padded: Int) -> UnsafePointer<Int8> { segment.int8 + start * padded }
    func bits(_ words: Int) -> UnsafePointer<UInt64> { segment.bits + start * words }
    var scales: UnsafePointer<Float> { segment.scales + start }
  }

  let segments: [VectorSegment]
  /// Running number of each segment's first row.
  let firstRows: [UInt32]
  let pieces: [Piece]

  /// Rows, dead ones included.
  var count: Int { pieces.reduce(0) { $0 + $1.count } }
  /// Rows that can be found.
  var liveCount: Int { pieces.reduce(0) { $0 + $1.liveCount($1.count) } }

  /// Rows a piece: some tens of microseconds of work.
  static let pieceRows = 4096

  /// - Parameter segments: rows beyond 2³² are not searched.
  init(_ segments: [VectorSegment]) {
    var kept: [VectorSegment] = []
    var firstRows: [UInt32] = []
    var pieces: [Piece] = []
    var first: UInt32 = 0
    for segment in segments {
      guard let count = UInt32(exactly: segment.count) else { break }
      let (next, overflow) = first.addingReportingOverflow(count)
      guard !overflow else { break }
      for start in stride(from: 0, to: segment.count, by: Self.pieceRows) {
        pieces.append(
          Piece(
            segment: segment, start: start, count: min(Self.pieceRows, segment.count - start),
            firstRow: first + UInt32(truncatingIfNeeded: start)))
      }
      kept.append(segment)
      firstRows.append(first)
      first = next
    }
    self.segments = kept
    self.firstRows = firstRows
    self.pieces = pieces
  }
}

extension RowPieces.Piece {
  /// Calls `body` for blocks of at most `size` rows (a multiple of 64) that have a row alive.
  func forEachBlock(_ size: Int, _ body: (RowPieces.Block) -> Void) {
    for offset in stride(from: 0, to: count, by: size) {
      let block = block(offset, min(size, count - offset))
      if block.hasLive { body(block) }
    }
  }

  /// Of the first `rows` rows, those that can be found.
  func liveCount(_ rows: Int) -> Int {
    let rows = min(rows, count)
    guard let live = segment.live else { return rows }
    var sum = 0
    for word in 0..<(rows + 63) / 64 { sum += bits(live, word, of: rows).nonzeroBitCount }
    return sum
  }

  /// Running numbers of the rows that can be found.
  var liveRows: [UInt32] {
    guard let live = segment.live else {
      return (0..<count).map { firstRow + UInt32(truncatingIfNeeded: $0) }
    }
    var rows: [UInt32] = []
    for word in 0..<(count + 63) / 64 {
      var left = bits(live, word, of: count)
      while left != 0 {
        rows.append(firstRow + UInt32(truncatingIfNeeded: word * 64 + left.trailingZeroBitCount))
        left &= left - 1
      }
    }
    return rows
  }

  /// A word of `live`, without what lies behind the first `rows` rows of the piece.
  private func bits(_ live: UnsafePointer<UInt64>, _ word: Int, of rows: Int) -> UInt64 {
    let rest = rows - word * 64
    return live[start / 64 + word] & (rest < 64 ? (1 << UInt64(rest)) - 1 : .max)
  }

  /// Calls `body` for the first block.
  func first(_ size: Int, _ body: (RowPieces.Block) -> Void) {
    body(block(0, min(size, count)))
  }

  private func block(_ offset: Int, _ count: Int) -> RowPieces.Block {
    let begin = start + offset
    return RowPieces.Block(
      segment: segment, start: begin, count: count,
      firstRow: firstRow + UInt32(truncatingIfNeeded: offset),
      live: segment.live.map { $0 + begin / 64 })
  }
}

extension RowPieces.Block {
  fileprivate var hasLive: Bool {
    guard let live else { return true }
    var any: UInt64 = 0
    for word in 0..<(count + 63) / 64 { any |= live[word] }
    return any != 0
  }
}

extension RowPieces {
  typealias Scoring = (
    _ scores: UnsafeMutablePointer<Float>, _ segment: VectorSegment, _ at: UnsafePointer<UInt32>,
    _ count: Int
  ) -> Void

  /// Scores rows that lie anywhere and offers them; neighbours of one segment are scored together.
  func score(_ candidates: [UInt32], _ top: TopRows, _ score: Scoring) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: candidates.count) { scores in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: candidates.count) { local in
        guard let scores = scores.baseAddress, let local = local.baseAddress else { return }
        var begin = 0
        while begin < candidates.count {
          let number = segment(of: candidates[begin])
          let first = firstRows[number]
          let end = first + UInt32(truncatingIfNeeded: segments[number].count)
          var next = begin
          while next < candidates.count, candidates[next] >= first, candidates[next] < end {
            local[next] = candidates[next] - first
            next += 1
          }
          score(scores + begin, segments[number], local + begin, next - begin)
          begin = next
        }
        for (index, row) in candidates.enumerated() where !scores[index].isNaN {
          top.offer(RowKey(score: scores[index], row: row))
        }
      }
    }
  }

  /// The segment of a row that one of them has.
  private func segment(of row: UInt32) -> Int {
    var low = 0
    var high = firstRows.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstRows[middle] <= row { low = middle } else { high = middle }
    }
    // Of segments without rows that begin where this one does, the last was found, as it has the row.
    return low
  }
}
