import Foundation
import Synchronization

/// What the store knows of a collection beside the database.
final class OpenCollection: Sendable {
  let key: Int64
  let contract: CollectionContract
  let layout: RowLayout
  let sql: CollectionSQL
  /// Where its row files lie.
  let directory: String
  let search: FlatSearch
  let filters = FilterCache()
  private let states: Mutex<[RowsState]>

  /// States kept for readers whose transaction began some commits ago; one that finds none begins anew.
  private static let kept = 16

  init(
    key: Int64, contract: CollectionContract, layout: RowLayout, directory: String,
    threads: SearchThreads, state: RowsState
  ) {
    self.key = key
    self.contract = contract
    self.layout = layout
    self.directory = directory
    sql = CollectionSQL(key: key)
    search = FlatSearch(dimension: contract.dimension, on: threads)
    states = Mutex([state])
  }

  /// The rows that go with a version of the database.
  func state(version: Int64) -> RowsState? {
    states.withLock { $0.last { $0.version == version } }
  }

  /// Makes a state known before its transaction is committed: no reader asks for it earlier.
  func publish(_ state: RowsState) {
    states.withLock {
      $0.append(state)
      if $0.count > Self.kept { $0.removeFirst() }
    }
  }

  /// Takes back a state whose transaction failed.
  func withdraw(version: Int64) {
    states.withLock { $0.removeAll { $0.version == version } }
  }

  /// Deletes the files of segments that have no live row any more.
  func removeFiles(of segments: [Int]) {
    for segment in segments {
      SegmentFiles.remove(directory: directory, segment: segment, layout: layout)
    }
  }
}
