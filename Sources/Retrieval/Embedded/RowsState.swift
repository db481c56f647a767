/// The rows of a collection as one transaction left them; a value, so that a search keeps what it began
/// with while upserts go on.
struct RowsState: Sendable {
  struct Segment: Sendable {
    /// nil once no row is live.
    var mapped: MappedSegment?
    /// nil once the segment is full.
    var files: SegmentFiles?
    /// Rows written, live or dead.
    var rows = 0
    /// One bit a row, `segmentRows / 64` words.
    var live: [UInt64]
    var liveCount = 0
    var digest: UInt64 = 0
  }

  /// Counts the collection's transactions; the database says which one a reader sees.
  var version: Int64
  /// Row numbers given so far; the next row has this one.
  var rowCount = 0
  /// Documents, which are the live rows.
  var documentCount = 0
  /// Every segment but the last is full.
  var segments: [Segment] = []

  /// Dead rows that still take room.
  var deadCount: Int {
    segments.reduce(0) { $0 + ($1.mapped == nil ? 0 : $1.rows - $1.liveCount) }
  }

  func isLive(_ row: Int, segmentRows: Int) -> Bool {
    let (number, local) = row.quotientAndRemainder(dividingBy: segmentRows)
    guard row >= 0, number < segments.count, !segments[number].live.isEmpty else { return false }
    return segments[number].live[local >> 6] >> UInt64(local & 63) & 1 == 1
  }

  mutating func setLive(_ row: Int, segmentRows: Int) {
    let (number, local) = row.quotientAndRemainder(dividingBy: segmentRows)
    segments[number].live[local >> 6] |= 1 << UInt64(local & 63)
    segments[number].liveCount += 1
    documentCount += 1
  }

  /// - Returns: the segment's number.
  @discardableResult
  mutating func setDead(_ row: Int, segmentRows: Int) -> Int {
    let (number, local) = row.quotientAndRemainder(dividingBy: segmentRows)
    segments[number].live[local >> 6] &= ~(1 << UInt64(local & 63))
    segments[number].liveCount -= 1
    documentCount -= 1
    return number
  }
}
