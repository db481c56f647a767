extension PairFrame {
  /// How a `tokenizer.json` with the special tokens `begin` and `end` frames a pair; nil for
  /// anything but `<s> A </s> B </s>` and `<s> A </s></s> B </s>`.
  init?(postProcessor: JSONValue, begin: String = "<s>", end: String = "</s>") {
    switch postProcessor["type"]?.text {
    case "RobertaProcessing": self = .roberta
    case "BertProcessing": self = .bert
    case "TemplateProcessing":
      self.init(template: postProcessor["pair"]?.elements ?? [], begin: begin, end: end)
    default: return nil
    }
  }

  private init?(template: [JSONValue], begin: String, end: String) {
    let separators = template.count - 4
    guard separators == 1 || separators == 2 else { return nil }
    let expected =
      [("SpecialToken", begin), ("Sequence", "A")]
      + Array(repeating: ("SpecialToken", end), count: separators)
      + [("Sequence", "B"), ("SpecialToken", end)]
    var types: [Int] = []
    for (item, (kind, name)) in zip(template, expected) {
      guard let part = item[kind], part["id"]?.isText(name) ?? false else { return nil }
      types.append(part["type_id"]?.integer ?? 0)
    }
    let first = types.dropLast(2)
    let second = types.suffix(2)
    guard first.allSatisfy({ $0 == 0 }), let type = second.first, type == 0 || type == 1,
      second.allSatisfy({ $0 == type })
    else { return nil }
    self.init(separators: separators, marksSecond: type == 1)
  }
}
