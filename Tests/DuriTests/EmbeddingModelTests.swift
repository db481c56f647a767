import Duri
import Foundation
import ModelFiles
import Service
import Testing

/// The in-process face, with the built-in model.
@Suite struct EmbeddingModelTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models/duri-ko-en-bootstrap").path

  @Test func rolesBecomePrefixes() async throws {
    let model = try EmbeddingModel.load(Self.folder)
    for (role, prefix) in [(Role.query, "query: "), (.passage, "passage: "), (.raw, "")] {
      let outcome = try await model.embed(["서울의 인구"], as: role)[0].get()
      #expect(outcome.receipt.prefix == prefix)
    }
    let given = try await model.embed(["query: 서울의 인구"], as: .query)[0].get()
    let added = try await model.embed(["서울의 인구"], as: .query)[0].get()
    #expect(given.receipt.prefixAlreadyPresent && !added.receipt.prefixAlreadyPresent)
    #expect(given.vector == added.vector)
    await model.shutdown()
  }

  @Test func outcomesKeepTheOrderOfManyTexts() async throws {
    let model = try EmbeddingModel.load(Self.folder)
    let texts = (0..<200).map { "문장 번호 \($0), " + String(repeating: "말 ", count: $0 % 17) }
    let together = try await model.embed(texts)
    #expect(together.count == texts.count)
    for index in [0, 57, 199] {
      let alone = try await model.embed([texts[index]])[0].get()
      #expect(try together[index].get().vector == alone.vector)
    }
    await model.shutdown()
  }

  @Test func aMissingModelSaysWhatThereIs() {
    let error = #expect(throws: ModelFilesError.self) { try EmbeddingModel.load("/no/such/folder") }
    #expect(error?.description.contains("/no/such/folder") == true)
  }

  @Test func textsAfterShutdownAreRefused() async throws {
    let model = try EmbeddingModel.load(Self.folder)
    await model.shutdown()
    await #expect(throws: ServiceError.self) { _ = try await model.embed(["늦었다"]) }
  }
}
