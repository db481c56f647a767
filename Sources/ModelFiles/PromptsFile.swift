/// `config_sentence_transformers.json`: the prompts a model declares.
struct PromptsFile: Decodable {
  private let prompts: [String: String?]?
  private let defaultName: String?

  enum CodingKeys: String, CodingKey {
    case prompts
    case defaultName = "default_prompt_name"
  }

  static let name = "config_sentence_transformers.json"

  private static let queryNames = ["query", "search_query", "s2p_query"]
  private static let passageNames = ["passage", "document", "search_document", "corpus"]
  private static let symmetricNames = ["symmetric", "sts", "STS", "similarity"]

  /// Decides the prompts of a model: declared ones first, then its family's by name, then none.
  ///
  /// - Returns: the prompts and where they came from.
  static func prompts(
    folder: String, family: ModelFamily?
  ) throws(ModelFilesError) -> (prompts: Prompts, provenance: String) {
    let path = FileAccess.join(folder, name)
    if let file = try JSONFile.decodeIfPresent(PromptsFile.self, path: path),
      let declared = try file.declared(path: path)
    {
      if family == .e5Instruct, let template = file.instructPrompts(declared) {
        return (template, "prompts: \(name), with the E5 instruct template by name")
      }
      return (declared, "prompts: \(name)")
    }
    switch family {
    case .e5: return (.e5, "prompts: E5 family, by name")
    case .e5Instruct: return (.e5Instruct, "prompts: E5 instruct family, by name")
    case nil: return (.none, "prompts: none declared, none used")
    }
  }

  /// The declared prompts, or nil when every one of them is empty: newer libraries write empty ones
  /// into every folder they save, which says nothing about the model.
  private func declared(path: String) throws(ModelFilesError) -> Prompts? {
    let all = (prompts ?? [:]).compactMapValues { $0 }
    var fallback: String?
    if let defaultName {
      guard let text = all[defaultName] else {
        let known = all.keys.sorted().joined(separator: ", ")
        throw ModelFilesError(
          code: .malformed, file: path, key: CodingKeys.defaultName.rawValue,
          message: "is '\(defaultName)', which is not among the prompts (\(known))")
      }
      fallback = text
    }
    guard all.values.contains(where: { !$0.isEmpty }) else { return nil }
    func first(_ names: [String]) -> String? {
      names.lazy.compactMap { all[$0] }.first
    }
    let query = first(Self.queryNames) ?? fallback ?? ""
    let passage = first(Self.passageNames) ?? fallback ?? ""
    // E5 puts `query: ` on both sides of a symmetric task, and its prompts alone do not say so.
    let isE5 = query == Prompts.e5.query && passage == Prompts.e5.passage
    let symmetric =
      first(Self.symmetricNames) ?? (isE5 ? Prompts.e5.symmetric : fallback ?? "")
    return Prompts(query: query, passage: passage, symmetric: symmetric)
  }

  /// A query prompt spelt out as `Instruct: {task}\nQuery: ` taken as the template it is an
  /// instance of, so that a request may still name its own task.
  private func instructPrompts(_ declared: Prompts) -> Prompts? {
    guard var template = Prompts.e5Instruct.instruct,
      declared.query.hasPrefix(template.opening), declared.query.hasSuffix(template.closing),
      declared.query.count > template.opening.count + template.closing.count
    else { return nil }
    template.defaultTask = String(
      declared.query.dropFirst(template.opening.count).dropLast(template.closing.count))
    return Prompts(query: "", passage: declared.passage, symmetric: "", instruct: template)
  }
}
