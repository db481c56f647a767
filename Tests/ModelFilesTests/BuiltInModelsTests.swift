import Foundation
import Testing

@testable import ModelFiles

@Suite struct BuiltInModelsTests {
  /// `root/Models/{b,a,training}` and a program below it, as in a source checkout.
  private func checkout() throws -> TemporaryFolder {
    let folder = try TemporaryFolder(name: "checkout")
    try folder.write("Models/b/config.json", "{}")
    try folder.write("Models/a/modules.json", "[]")
    try folder.write("Models/training/recipe.py", "")
    try folder.write("Models/ARCHITECTURE.md", "")
    try folder.write(".build/release/duri", "")
    return folder
  }

  private func directory(_ executable: String, _ variable: String? = nil) -> String? {
    let environment = variable.map { [BuiltInModels.variable: $0] } ?? [:]
    return BuiltInModels.directory(environment: environment, executable: executable)
      .map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
  }

  private func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  @Test func foundUpwardsInACheckout() throws {
    let folder = try checkout()
    let program = folder.file(".build/release/duri")
    #expect(directory(program) == resolved(folder.file("Models")))
    #expect(BuiltInModels.models(in: folder.file("Models")) == ["a", "b"])
  }

  @Test func modelsFolderWithoutAModelIsPassedOver() throws {
    let folder = try checkout()
    try folder.write(".build/Models/notes.txt", "")
    #expect(directory(folder.file(".build/release/duri")) == resolved(folder.file("Models")))
  }

  @Test func installedPlaceComesBeforeTheCheckout() throws {
    let folder = try checkout()
    try folder.write(".build/share/duri/models/c/config.json", "{}")
    #expect(
      directory(folder.file(".build/release/duri"))
        == resolved(folder.file(".build/share/duri/models")))
  }

  @Test func variableDecidesAlone() throws {
    let folder = try checkout()
    let other = try TemporaryFolder()
    let program = folder.file(".build/release/duri")
    #expect(directory(program, other.path) == resolved(other.path))
    // A wrong value must not be covered up by another place.
    #expect(directory(program, other.file("x")) == nil)
    #expect(directory(program, "") == resolved(folder.file("Models")))
  }

  @Test func nothingFoundUpToTheRoot() throws {
    let folder = try TemporaryFolder()
    #expect(directory(folder.file("bin/duri")) == nil)
    #expect(BuiltInModels.directory(environment: [:], executable: nil) == nil)
    #expect(BuiltInModels.models(in: nil).isEmpty)
    #expect(BuiltInModels.models(in: folder.file("x")).isEmpty)
  }

  @Test func namesAndFoldersResolve() throws {
    let folder = try checkout()
    let models = folder.file("Models")
    #expect(try BuiltInModels.resolve("a", directory: models) == models + "/a")
    #expect(try BuiltInModels.resolve(folder.path, directory: models) == folder.path)
  }

  @Test(arguments: ["", "c", "training", "../Models/a", "intfloat/multilingual-e5-small"])
  func otherNamesListTheModels(reference: String) throws {
    let folder = try checkout()
    let error = try #require(
      modelFilesError {
        _ = try BuiltInModels.resolve(reference, directory: folder.file("Models"))
      })
    #expect(error.code == .notFound && error.message.contains("a, b"))
    #expect(error.message.contains("downloaded beforehand"))
    let none = try #require(
      modelFilesError { _ = try BuiltInModels.resolve(reference, directory: nil) })
    #expect(none.message.contains(BuiltInModels.variable))
  }

  @Test func bootstrapIsBuiltIn() throws {
    #expect(BuiltInModels.models(in: Checkout.root + "/Models").contains(BuiltInModels.defaultName))
  }
}
