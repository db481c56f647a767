/// Distinct Korean and English sentences of a small grammar, for benchmarks without a file.
struct MadeSentences {
  private struct Grammar {
    /// Parts of a sentence in their order; one of each makes a sentence.
    let slots: [[String]]

    var count: Int { slots.reduce(1) { $0 * $1.count } }

    /// Sentence `number` of 0..<count.
    func sentence(_ number: Int) -> String {
      var rest = number
      var words: [String] = []
      for slot in slots {
        words.append(slot[rest % slot.count])
        rest /= slot.count
      }
      return words.joined(separator: " ") + "."
    }
  }

  private static let korean = Grammar(slots: [
    [
      "오늘 아침", "어제 저녁에", "지난 주말에", "비가 오던 날", "퇴근길에", "방학 동안", "점심시간에", "새벽에", "몇 년 전에", "다음 날",
      "한여름에", "첫눈이 내린 날",
    ],
    [
      "할머니가", "우리 반 학생들이", "이웃집 아저씨가", "젊은 기자가", "그 가수가", "동생이", "의사가", "택시 기사가", "연구원들이", "친구가",
      "시장이", "요리사가", "관광객이", "두 아이가",
    ],
    [
      "도서관에서", "부산역에서", "시장 골목에서", "회사 근처에서", "한강 공원에서", "병원 앞에서", "작은 카페에서", "제주도에서", "학교 운동장에서",
      "버스 정류장에서", "동네 식당에서", "박물관에서", "바닷가에서",
    ],
    [
      "오래된 책을 읽었다", "커피를 마셨다", "길을 잃은 강아지를 찾았다", "사진을 여러 장 찍었다", "김치찌개를 먹었다", "낯선 사람과 이야기를 나누었다",
      "음악을 들으며 쉬었다", "잃어버린 지갑을 되찾았다", "새 계획을 설명했다", "친구를 한 시간 넘게 기다렸다", "그림을 그렸다", "지도를 펼쳐 보았다",
      "기차표를 샀다", "늦게까지 일했다", "축구 경기를 보았다", "꽃을 팔았다", "외국어를 연습했다", "자전거를 고쳤다", "편지를 썼다",
    ],
  ])

  private static let english = Grammar(slots: [
    [
      "This morning", "Last night", "Over the weekend", "On a rainy day", "On the way home",
      "During the holidays", "At lunchtime", "Before dawn", "A few years ago", "The next day",
      "In midsummer", "After the first snow",
    ],
    [
      "my grandmother", "a young reporter", "the students of our class", "the man next door",
      "that singer", "her brother", "a doctor", "the taxi driver", "some researchers",
      "an old friend", "the mayor", "the cook", "a tourist", "two children",
    ],
    [
      "read an old book", "drank coffee", "found a lost puppy", "took several pictures",
      "ate noodle soup", "talked with a stranger", "rested and listened to music",
      "got a lost wallet back", "explained the new plan", "waited for over an hour",
      "painted a picture", "unfolded a map", "bought train tickets", "worked until late",
      "watched a football game", "sold flowers", "practised a foreign language",
      "repaired a bicycle", "wrote a letter",
    ],
    [
      "in the library", "at the main station", "in a market alley", "near the office",
      "in the park by the river", "in front of the hospital", "in a small café", "on the island",
      "in the schoolyard", "at the bus stop", "in a local restaurant", "at the museum",
      "on the beach",
    ],
  ])

  /// How many different sentences there are.
  static let available = 2 * min(korean.count, english.count)

  /// `count` sentences, no two the same, by turns Korean and English; the same on every machine.
  ///
  /// - Parameter count: at most ``available``; more gives that many.
  static func make(_ count: Int) -> [String] {
    // A step that has no factor in common with the numbers of words visits every sentence once and
    // leaves no two neighbours alike.
    let step = 15_485_863
    return (0..<max(0, min(count, available))).map { index in
      let grammar = index % 2 == 0 ? korean : english
      return grammar.sentence(index / 2 * step % grammar.count)
    }
  }
}
