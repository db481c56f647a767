import Testing

@testable import Retrieval

@Suite struct TopRowsTests {
  @Test func keysOrderAsResultsDo() {
    let scores: [Float] = [.infinity, 3, 1, 1e-37, 0, -1e-37, -1, -3, -.infinity]
    for (index, score) in scores.enumerated() {
      let key = RowKey(score: score, row: 12)
      #expect(key.score == score)
      #expect(key.row == 12)
      #expect(key.bits > RowKey(score: score, row: 13).bits)
      for worse in scores[(index + 1)...] {
        #expect(RowKey(score: score, row: .max).bits > RowKey(score: worse, row: 0).bits)
      }
    }
    #expect(RowKey(penalty: 3, row: 9).bits > RowKey(penalty: 4, row: 0).bits)
    #expect(RowKey(penalty: 3, row: 9).penalty == 3)
  }

  @Test(arguments: [1, 2, 10, 500, 5000])
  func keepsTheBest(_ limit: Int) {
    for seed in 0..<6 {
      var numbers = Numbers(UInt64(seed))
      var keys = (0..<4000).map { row in
        // Many equal scores.
        RowKey(score: Float(Int.random(in: 0..<50, using: &numbers)), row: UInt32(row))
      }
      switch seed {
      case 0: keys.sort { $0.bits < $1.bits }
      case 1: keys.sort { $0.bits > $1.bits }
      default: keys.shuffle(using: &numbers)
      }
      let expected = keys.sorted { $0.bits > $1.bits }.prefix(limit)
      let top = TopRows(limit: limit)
      let other = TopRows(limit: limit)
      for (index, key) in keys.enumerated() { (index % 3 == 0 ? other : top).offer(key) }
      top.offer(contentsOf: other)
      #expect(top.sorted() == Array(expected))
    }
  }

  @Test(arguments: [0, 1, 100, 900, 2000])
  func candidatesAreTheBestWhateverTheParts(_ count: Int) {
    var numbers = Numbers(8)
    let keys = (0..<3000).map { row in
      RowKey(penalty: UInt16.random(in: 0..<40, using: &numbers), row: UInt32(row))
    }
    let expected = Set(keys.sorted { $0.bits > $1.bits }.prefix(count).map(\.row))
    for parts in [1, 2, 5] {
      let tops = (0..<parts).map { _ in TopRows(limit: count + 1) }
      for (index, key) in keys.enumerated() { tops[index / 7 % parts].offer(key) }
      let rows = SignCandidates.select(tops, count: count)
      #expect(rows.count == count)
      #expect(Set(rows) == expected)
    }
  }
}
