import Encoder
import ModelFiles
import Tokenization

/// Texts on which a precision is held against f32 when a model is loaded: short and long, Korean,
/// English and a few other scripts, as users write them.
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
}
