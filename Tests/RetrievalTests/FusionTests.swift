import Testing

@testable import Retrieval

@Suite struct FusionTests {
  private func list(_ hits: (String, Float)...) -> [Hit] { hits.map { Hit(id: $0.0, score: $0.1) } }

  @Test func reciprocalRanksAreSummed() {
    let fused = fuseByRank([list(("a", 9), ("b", 8), ("c", 7)), list(("c", 0.9), ("a", 0.1))])
    #expect(fused.map(\.id) == ["a", "c", "b"])
    #expect(abs(fused[0].score - (1 / 61 + 1 / 62)) < 1e-7)
    #expect(abs(fused[1].score - (1 / 63 + 1 / 61)) < 1e-7)
    #expect(abs(fused[2].score - 1 / 62) < 1e-7)
  }

  @Test func weightsAndConstantCount() {
    let lists = [list(("a", 2), ("b", 1)), list(("b", 5), ("c", 4))]
    let fused = fuseByRank(lists, constant: 1, weights: [3, 1])
    #expect(fused.map(\.id) == ["a", "b", "c"])
    #expect(fused.map(\.score) == [1.5, 1.5, Float(1.0 / 3)])
    #expect(fuseByRank(lists, weights: [0, 1]).map(\.id) == ["b", "c"])
    #expect(fuseByRank(lists, weights: [0.5]).map(\.id) == ["b", "c", "a"])
  }

  @Test func equalScoresComeById() {
    #expect(fuseByRank([list(("나", 1)), list(("가", 1)), list(("b", 1))]).map(\.id) == ["b", "가", "나"])
  }

  @Test func scoresAreScaledPerList() {
    let fused = fuseByScore([list(("a", 30), ("b", 20), ("c", 10)), list(("c", 0.9), ("b", 0.8))])
    #expect(fused.map(\.id) == ["a", "c", "b"])
    #expect(fused.map(\.score) == [1, 1, 0.5])
    #expect(fuseByScore([list(("x", 7))]).map(\.score) == [1])
    #expect(fuseByScore([list(("x", 3), ("y", .nan))]).map(\.id) == ["x"])
  }

  @Test func theFirstOfTwoPlacesCountsAndContentIsKept() {
    let document = Document(id: "a", text: "t")
    let fused = fuseByRank(
      [list(("a", 2), ("a", 1)), [Hit(id: "a", score: 1, document: document)]])
    #expect(fused == [Hit(id: "a", score: Float(2.0 / 61), document: document)])
    #expect(fuseByRank([]).isEmpty)
    #expect(fuseByScore([[], []]).isEmpty)
  }
}
