import Encoder
import ModelFiles
import Tokenization

/// Texts, and pairs for rerankers, on which a precision is held against f32 when a model is loaded:
/// short and long, Korean, English and a few other scripts, as users write them.
enum PrecisionSample {
  static let texts = [
    "오늘 날씨가 정말 좋네요.",
    "How do I reset my password?",
    "서울에서 부산까지 기차로 얼마나 걸리나요?",
    "The committee postponed its decision until the new figures are in.",
    "환불",
    "A man is playing a guitar on the stage.",
    "이 제품은 배송이 빠르고 포장도 꼼꼼해서 만족합니다. 다만 설명서가 조금 부족합니다.",
    "def mean(values): return sum(values) / len(values)",
    "2024년 3분기 매출은 전년 동기 대비 12.5% 증가했다.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "두 사람은 오랫동안 아무 말 없이 강가를 걸었다. 해가 지고 불빛이 하나둘 켜질 때까지, 누구도 먼저 "
      + "돌아가자고 하지 않았다. 그날 이후로 그들은 다시 만나지 못했다.",
    "query: cheapest flight to Jeju in October",
    "Where can I see the receipts of last year, and who may change the address on them once they "
      + "have been sent to the customer by post?",
    "東京の天気はどうですか。",
    "La réunion aura lieu jeudi à dix heures.",
    "ERROR 404: page not found (/docs/v2/index.html)",
  ]

  /// Ids of as many texts as have `tokens` tokens together, at least one.
  static func ids(
    _ preparer: TextPreparer, tokens: Int
  ) throws(EngineError) -> [[Int32]] {
    var sample: [[Int32]] = []
    var total = 0
    for text in texts where total < tokens {
      let ids = try preparer.prepare(EmbedInput(text: text)).ids
      sample.append(ids)
      total += ids.count
    }
    return sample
  }

  /// Questions, each with passages that answer it, touch it, and have nothing to do with it.
  static let questions: [(query: String, passages: [String])] = [
    (
      "서울에서 부산까지 기차로 얼마나 걸리나요?",
      [
        "서울역에서 부산역까지 고속열차로 두 시간 반쯤 걸린다.",
        "The high-speed train needs about two and a half hours from Seoul to Busan.",
        "부산은 바다를 낀 항구 도시이다.",
        "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
      ]
    ),
    (
      "How do I reset my password?",
      [
        "비밀번호를 잊었다면 로그인 화면에서 재설정을 누르고 메일로 받은 주소를 여세요.",
        "Choose “Forgot password” and follow the link that is mailed to you.",
        "A password should be long, and used in one place only.",
        "두 사람은 오랫동안 아무 말 없이 강가를 걸었다.",
      ]
    ),
    (
      "환불",
      [
        "물건을 받은 날부터 이레 안에는 돈을 돌려받을 수 있습니다.",
        "Refunds are paid within three working days.",
        "이 제품은 배송이 빠르고 포장도 꼼꼼해서 만족합니다.",
        "A man is playing a guitar on the stage.",
      ]
    ),
  ]

  /// A block a question, of as many as have `tokens` tokens together, at least one.
  static func pairs(_ preparer: TextPreparer, tokens: Int) throws(EngineError) -> [Block] {
    var sample: [Block] = []
    var total = 0
    for (query, passages) in questions where total < tokens {
      let shared = SharedQuery(query)
      var block = Block()
      for passage in passages {
        let pair = try preparer.prepare(
          TextInput.pair(shared, passage: passage, .end))
        block.append(pair.ids, secondStart: pair.secondStart)
      }
      sample.append(block)
      total += block.tokenCount
    }
    return sample
  }
}
