import Foundation
import Testing

@testable import ModelFiles

@Suite struct PromptRuleTests {
  private func prompts(_ text: String?, family: ModelFamily? = nil) throws -> Prompts {
    let folder = try TemporaryFolder()
    if let text { try folder.write("config_sentence_transformers.json", text) }
    return try PromptsFile.prompts(folder: folder.path, family: family).prompts
  }

  @Test func declaredPromptsWin() throws {
    let text = #"{"prompts": {"query": "q> ", "passage": "p> "}, "default_prompt_name": null}"#
    #expect(
      try prompts(text, family: .e5) == Prompts(query: "q> ", passage: "p> ", symmetric: ""))
  }

  @Test(arguments: ["query", "search_query", "s2p_query"]) func queryNames(name: String) throws {
    #expect(try prompts(#"{"prompts": {"\#(name)": "x "}}"#).query == "x ")
  }

  @Test(arguments: ["passage", "document", "search_document", "corpus"])
  func passageNames(name: String) throws {
    #expect(try prompts(#"{"prompts": {"\#(name)": "x "}}"#).passage == "x ")
  }

  @Test(arguments: ["symmetric", "sts", "STS", "similarity"])
  func symmetricNames(name: String) throws {
    #expect(try prompts(#"{"prompts": {"\#(name)": "x "}}"#).symmetric == "x ")
  }

  @Test func e5PromptsGoOnBothSidesOfSymmetricTasks() throws {
    #expect(
      try prompts(#"{"prompts": {"query": "query: ", "passage": "passage: "}}"#) == .e5)
    #expect(
      try prompts(#"{"prompts": {"query": "query: ", "document": "passage: ", "sts": ""}}"#)
        .symmetric == "")
  }

  @Test func defaultStandsInForRolesWithoutAPrompt() throws {
    let text = #"{"prompts": {"query": "q ", "s": "d "}, "default_prompt_name": "s"}"#
    #expect(try prompts(text) == Prompts(query: "q ", passage: "d ", symmetric: "d "))
  }

  @Test(arguments: [
    nil, "{}", #"{"prompts": null}"#, #"{"prompts": {}}"#,
    #"{"prompts": {"query": "", "document": ""}, "default_prompt_name": null}"#,
    #"{"prompts": {"query": null}}"#,
  ])
  func emptyDeclarationsSayNothing(text: String?) throws {
    #expect(try prompts(text) == Prompts.none)
    #expect(try prompts(text, family: .e5) == .e5)
    #expect(try prompts(text, family: .e5Instruct) == .e5Instruct)
  }

  @Test func declaredInstructionBecomesTheTemplatesTask() throws {
    let text = #"{"prompts": {"query": "Instruct: Find laws\nQuery: ", "document": ""}}"#
    let found = try prompts(text, family: .e5Instruct)
    #expect(try found.prefix(for: .query) == "Instruct: Find laws\nQuery: ")
    #expect(
      try found.prefix(for: .query, instruction: "Find cats") == "Instruct: Find cats\nQuery: ")
    #expect(try found.prefix(for: .passage) == "")
    // Without the family's name the prompt is a prompt like any other.
    #expect(try prompts(text).instruct == nil)
    #expect(try prompts(text).query == "Instruct: Find laws\nQuery: ")
  }

  @Test(arguments: [
    (#"{"prompts": {"query": "a"}, "default_prompt_name": "b"}"#, "default_prompt_name"),
    (#"{"prompts": {}, "default_prompt_name": "b"}"#, "default_prompt_name"),
    (#"{"default_prompt_name": "b"}"#, "default_prompt_name"),
    (#"{"prompts": [], "default_prompt_name": null}"#, "prompts"),
    (#"{"prompts": {"query": 3}}"#, "prompts/query"),
    (#"{"default_prompt_name": 3}"#, "default_prompt_name"),
  ])
  func wrongPromptsNameTheKey(text: String, key: String) throws {
    let error = try #require(modelFilesError { _ = try prompts(text, family: .e5) })
    #expect(error.code == .malformed && error.key == key, "\(error)")
  }

  // MARK: - Names

  @Test(arguments: [
    ("multilingual-e5-small", ModelFamily.e5), ("E5", .e5), ("e5_base_v2", .e5),
    ("intfloat/multilingual-e5-large", .e5), ("my.e5", .e5),
    ("multilingual-e5-large-instruct", .e5Instruct),
    ("Multilingual-E5-Large-Instruct", .e5Instruct),
  ])
  func e5Names(name: String, family: ModelFamily) {
    #expect(ModelFamily(name: name) == family)
  }

  @Test(arguments: ["", "bge-m3", "e5small", "multilinguale5", "e50", "instruct", "KoE5"])
  func otherNames(name: String) {
    #expect(ModelFamily(name: name) == nil)
  }

  @Test(arguments: [
    ("/models/multilingual-e5-small", "multilingual-e5-small"),
    ("/models/multilingual-e5-small/", "multilingual-e5-small"),
    ("/models/x/../bge-m3/.", "bge-m3"),
    ("/hub/models--intfloat--multilingual-e5-small/snapshots/c007d7ef", "multilingual-e5-small"),
    ("/hub/models--LaBSE/snapshots/c007d7ef", "LaBSE"),
    ("/hub/other/snapshots/c007d7ef", "c007d7ef"),
    ("/snapshots/x", "x"), ("/", "/"),
  ])
  func folderNames(path: String, name: String) {
    #expect(ModelFamily.modelName(folder: path) == name)
  }

  // MARK: - Prefixes

  @Test func prefixesPerRole() throws {
    #expect(try Prompts.e5.prefix(for: .query) == "query: ")
    #expect(try Prompts.e5.prefix(for: .passage) == "passage: ")
    #expect(try Prompts.e5.prefix(for: .symmetric) == "query: ")
    #expect(try Prompts.e5.prefix(for: .raw) == "")
    for role in Role.allCases { #expect(try Prompts.none.prefix(for: role) == "") }
    #expect(
      try Prompts.e5Instruct.prefix(for: .query)
        == "Instruct: Given a web search query, retrieve relevant passages that answer the query"
        + "\nQuery: ")
    #expect(
      try Prompts.e5Instruct.prefix(for: .symmetric)
        == "Instruct: Retrieve semantically similar text.\nQuery: ")
    #expect(try Prompts.e5Instruct.prefix(for: .passage) == "")
    #expect(try Prompts.e5Instruct.prefix(for: .raw) == "")
  }

  @Test func instructionsAreRefusedWhereNoneIsTaken() {
    #expect(throws: PromptError.instructionNotSupported) {
      try Prompts.e5.prefix(for: .query, instruction: "x")
    }
    for role in [Role.passage, .raw] {
      #expect(throws: PromptError.instructionOnUnpromptedRole(role)) {
        try Prompts.e5Instruct.prefix(for: role, instruction: "x")
      }
    }
  }
}
