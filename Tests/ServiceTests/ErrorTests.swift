import EmbeddingEngine
import ModelFiles
import TestSupport
import Testing
import Tokenization

@testable import Service

@Suite struct ErrorTests {
  /// gRPC status codes and the HTTP statuses that mean the same; written out here a second time,
  /// since a wrong number in the table would tell every client the wrong thing.
  private static let table: [(code: ServiceError.Code, grpc: UInt8, http: Int)] = [
    (.cancelled, 1, 499), (.invalidArgument, 3, 400), (.deadlineExceeded, 4, 504),
    (.notFound, 5, 404), (.alreadyExists, 6, 409), (.resourceExhausted, 8, 429),
    (.failedPrecondition, 9, 412), (.unimplemented, 12, 501), (.internal, 13, 500),
    (.unavailable, 14, 503),
  ]

  @Test func codesHaveTheNumbersOfTheProtocols() {
    #expect(Self.table.map(\.code) == ServiceError.Code.allCases)
    for row in Self.table {
      #expect(row.code.rawValue == row.grpc)
      #expect(row.code.httpStatus == row.http)
    }
  }

  private static func code(for engine: EngineError.Code) -> ServiceError.Code {
    switch engine {
    case .overloaded: .resourceExhausted
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .invalidText, .invalidQuery, .textTooLong: .invalidArgument
    case .wrongModel: .unimplemented
    case .nonFinite, .internalFailure: .internal
    case .shuttingDown: .unavailable
    }
  }

  private func refusal(
    _ error: EngineError, texts: [String] = ["a"], admission: Admission? = nil
  ) async -> ServiceError? {
    let service = EmbeddingService(
      embedder: StubEmbedder(behaviour: .init(refusal: error)),
      limits: ServiceLimits(maximumTextBytes: 10))
    do throws(ServiceError) {
      if let admission {
        let plan = try service.plan(EmbedSettings())
        try await service.embed(texts, plan: plan, deadline: nil, admission: admission) {
          Issue.record("delivered \($0) as \($1) though the call was refused")
        }
      } else {
        _ = try await service.embed(texts, settings: EmbedSettings())
      }
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: EngineError.Code.allCases)
  func engineErrorsKeepTheirMessageAndHint(code: EngineError.Code) async {
    let error = EngineError(code: code, message: "why it failed", retryAfter: .milliseconds(250))
    let expected = ServiceError(
      Self.code(for: code), "why it failed", retryAfter: .milliseconds(250))
    #expect(ServiceError(error) == expected)
    #expect(await refusal(error) == expected)
  }

  @Test func withoutAHintNoneIsInvented() {
    #expect(ServiceError(EngineError(code: .overloaded, message: "full")).retryAfter == nil)
  }

  @Test(arguments: [Admission.immediate, .waiting])
  func aRefusedCallDeliversNothing(admission: Admission) async {
    let error = await refusal(
      EngineError(code: .shuttingDown, message: "ends"),
      texts: ["a", "a text over the limit", "b"], admission: admission)
    #expect(error?.code == .unavailable)
  }

  @Test func descriptionsAreMessages() {
    #expect("\(ServiceError(.notFound, "no such model"))" == "no such model")
  }

  // MARK: - What errors must not say

  /// Stands for anything private that a user may send.
  private static let secret = "비밀-s3cr3t"

  @Test func textsAndInstructionsNeverAppearInErrors() async throws {
    let tooLong = String(repeating: Self.secret, count: 10)
    let settings = [
      EmbedSettings(instruction: Self.secret),
      EmbedSettings(role: .passage, instruction: Self.secret),
      EmbedSettings(
        role: .query,
        instruction: Self.secret + String(repeating: "x", count: 5_000)),
      EmbedSettings(role: .query, options: EmbedOptions(truncation: .error)),
      EmbedSettings(role: .query, options: EmbedOptions(dimensions: 99)),
      EmbedSettings(model: "another"),
    ]
    var errors: [ServiceError] = []
    for prompts in [Prompts.none, .e5, .e5Instruct] {
      let embedder = StubEmbedder(contract: .stub(maximumTokens: 20, prompts: prompts))
      let service = EmbeddingService(
        embedder: embedder, limits: ServiceLimits(maximumTexts: 3, maximumTextBytes: 60))
      for settings in settings {
        for texts in [[Self.secret, tooLong, ""], Array(repeating: Self.secret, count: 4)] {
          do {
            let reply = try await service.embed(texts, settings: settings)
            for case .failure(let error) in reply.outcomes { errors.append(error) }
          } catch {
            errors.append(error)
          }
        }
      }
    }
    #expect(errors.count > 30)
    for error in errors {
      #expect(!error.message.contains(Self.secret))
      #expect(!String(reflecting: error).contains(Self.secret))
    }
  }
}
