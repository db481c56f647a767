import EmbeddingEngine
import ModelFiles
import TestSupport
import Testing
import Tokenization

@testable import Service

@Suite struct PlanTests {
  private func plan(
    _ settings: EmbedSettings, prompts: Prompts = .none, normalizes: Bool = true
  ) throws(ServiceError) -> EmbedPlan {
    let contract = ModelContract.stub(normalizes: normalizes, prompts: prompts)
    return try EmbeddingService(embedder: StubEmbedder(contract: contract)).plan(settings)
  }

  private func refusal(_ settings: EmbedSettings, prompts: Prompts = .none) -> ServiceError? {
    do {
      _ = try plan(settings, prompts: prompts)
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Model name

  @Test(arguments: [nil, "", "stub"])
  func theServedModelIsFound(name: String?) throws {
    _ = try plan(EmbedSettings(model: name))
  }

  @Test func anotherModelIsNotFound() {
    let error = refusal(EmbedSettings(model: "Stub"))
    #expect(error?.code == .notFound)
    #expect(error?.message == "model 'Stub' is not served here; 'stub' is")
  }

  @Test func aLongNameIsCutInTheMessage() throws {
    // One character of 20,001 bytes: cutting by characters would echo all of it.
    let name = "e" + String(repeating: "\u{301}", count: 10_000)
    let error = try #require(refusal(EmbedSettings(model: name)))
    #expect(error.code == .notFound)
    #expect(error.message.utf8.count < 500)
  }

  // MARK: - Roles and instructions

  private static let declared = Prompts(query: "Q> ", passage: "P> ", symmetric: "S> ")
  private static let task = "Find the answer"
  private static let searchTask =
    "Given a web search query, retrieve relevant passages that answer the query"

  struct PromptCase: Sendable, CustomTestStringConvertible {
    let model: String
    let prompts: Prompts
    let role: Role
    let instruction: String?
    /// nil: refused as `invalidArgument`.
    let prefix: String?

    var testDescription: String {
      "\(model), \(role), \(instruction == nil ? "no instruction" : "instruction")"
    }
  }

  private static let promptCases: [PromptCase] = {
    var cases: [PromptCase] = []
    func add(
      _ model: String, _ prompts: Prompts, _ instruction: String?,
      _ expected: [(Role, String?)]
    ) {
      for (role, prefix) in expected {
        cases.append(
          PromptCase(
            model: model, prompts: prompts, role: role, instruction: instruction, prefix: prefix))
      }
    }
    let refused: [(Role, String?)] = [
      (.query, nil), (.passage, nil), (.symmetric, nil), (.raw, nil),
    ]
    add("none", .none, nil, [(.query, ""), (.passage, ""), (.symmetric, ""), (.raw, "")])
    add(
      "E5", .e5, nil,
      [(.query, "query: "), (.passage, "passage: "), (.symmetric, "query: "), (.raw, "")])
    add(
      "declared", declared, nil,
      [(.query, "Q> "), (.passage, "P> "), (.symmetric, "S> "), (.raw, "")])
    add("none", .none, task, refused)
    add("E5", .e5, task, refused)
    add("declared", declared, task, refused)
    add(
      "E5 instruct", .e5Instruct, nil,
      [
        (.query, "Instruct: \(searchTask)\nQuery: "), (.passage, ""),
        (.symmetric, "Instruct: Retrieve semantically similar text.\nQuery: "), (.raw, ""),
      ])
    add(
      "E5 instruct", .e5Instruct, task,
      [
        (.query, "Instruct: \(task)\nQuery: "), (.passage, nil),
        (.symmetric, "Instruct: \(task)\nQuery: "), (.raw, nil),
      ])
    return cases
  }()

  @Test(arguments: promptCases)
  func rolesBecomePrefixes(_ item: PromptCase) throws {
    let settings = EmbedSettings(role: item.role, instruction: item.instruction)
    if let prefix = item.prefix {
      #expect(try plan(settings, prompts: item.prompts).prefix == prefix)
    } else {
      let error = refusal(settings, prompts: item.prompts)
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.contains("instruction") == true)
      #expect(error?.message.contains(Self.task) == false)
    }
  }

  @Test func noSettingsMeanTheSymmetricRole() throws {
    #expect(try plan(EmbedSettings(), prompts: .e5).prefix == "query: ")
  }

  @Test func longInstructionsAreRefused() throws {
    let limit = ServiceLimits.maximumInstructionBytes
    // Two bytes a character: the limit is in bytes.
    let longest = String(repeating: "é", count: limit / 2)
    let settings = EmbedSettings(role: .query, instruction: longest)
    #expect(try plan(settings, prompts: .e5Instruct).prefix.utf8.count > limit)
    let error = refusal(
      EmbedSettings(role: .query, instruction: longest + "e"), prompts: .e5Instruct)
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "instruction has \(limit + 1) bytes; the limit is \(limit), shorten it")
  }

  // MARK: - Options

  @Test(arguments: [1, 2, 7, 8])
  func dimensionsWithinTheModelsAreTaken(count: Int) throws {
    let settings = EmbedSettings(options: EmbedOptions(dimensions: count))
    #expect(try plan(settings).dimensions == count)
  }

  @Test(arguments: [Int.min, -1, 0, 9, 4_294_967_295, Int.max])
  func otherDimensionsAreRefused(count: Int) {
    let error = refusal(EmbedSettings(options: EmbedOptions(dimensions: count)))
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "dimensions is \(count); model 'stub' has 1 to 8")
  }

  @Test(arguments: [nil, true, false] as [Bool?], [true, false])
  func normalisationIsTheCallersThenTheContracts(asked: Bool?, contracts: Bool) throws {
    let settings = EmbedSettings(options: EmbedOptions(normalize: asked))
    #expect(try plan(settings, normalizes: contracts).normalize == asked ?? contracts)
  }

  @Test(arguments: Truncation.allCases, VectorEncoding.allCases)
  func truncationAndEncodingArePassedOn(truncation: Truncation, encoding: VectorEncoding) throws {
    let plan = try plan(
      EmbedSettings(options: EmbedOptions(truncation: truncation, encoding: encoding)))
    #expect(plan.truncation == truncation)
    #expect(plan.encoding == encoding)
    #expect(plan.dimensions == nil)
  }

  @Test func thePlanReachesTheEngine() async throws {
    let embedder = StubEmbedder(contract: .stub(prompts: .e5))
    let service = EmbeddingService(embedder: embedder)
    let options = EmbedOptions(
      normalize: false, truncation: .start, dimensions: 3, encoding: .binary)
    let deadline = ContinuousClock.now + .seconds(3600)
    _ = try await service.embed(
      ["두리"], settings: EmbedSettings(role: .passage, options: options), deadline: deadline)
    let input = EmbedInput(
      text: "두리", prefix: "passage: ", truncation: .start, normalize: false, dimensions: 3)
    let call = try #require(embedder.calls.first)
    #expect(embedder.calls.count == 1)
    #expect(call.inputs == [input])
    #expect(call.deadline == deadline)
    #expect(call.admission == .immediate)
  }
}
