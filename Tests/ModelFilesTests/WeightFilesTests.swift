import Foundation
import Testing

@testable import ModelFiles

@Suite struct WeightFilesTests {
  private func openError(_ folder: TemporaryFolder) -> ModelFilesError? {
    modelFilesError { _ = try WeightFiles.open(folder: folder.path) }
  }

  private let first = Checkpoint.file(["a": .f32([1], [1])])
  private let second = Checkpoint.file(["b": .f32([1], [2]), "unlisted": .f32([1], [3])])

  @Test func shardsAreReadThroughTheIndex() throws {
    let folder = try TemporaryFolder()
    try folder.write("model-00001-of-00002.safetensors", first)
    try folder.write("model-00002-of-00002.safetensors", second)
    try folder.write(
      "model.safetensors.index.json",
      #"{"metadata":{"total_size":8},"weight_map":{"#
        + #""a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#)
    let weights = try WeightFiles.open(folder: folder.path)
    #expect(weights.names == ["a", "b"])
    #expect(try weights.tensor("a", shape: [1]).floats() == [1])
    #expect(try weights.tensor("b", shape: [1]).floats() == [2])
    #expect(!weights.contains("unlisted"))
  }

  @Test func singleFileComesBeforeTheIndex() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", first)
    try folder.write("model.safetensors.index.json", "broken")
    #expect(try WeightFiles.open(folder: folder.path).names == ["a"])
  }

  @Test(arguments: [
    "../model.safetensors", "/model.safetensors", "sub/model.safetensors", "..",
    "..\\\\model.safetensors", "", ".safetensors", "model.bin", "a.safetensors/..",
    "a\\u0000.safetensors",
  ])
  func shardsStayInTheFolder(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("../model.safetensors", first)
    try folder.write("model.safetensors.index.json", #"{"weight_map":{"a":"\#(name)"}}"#)
    let error = try #require(openError(folder))
    #expect(error.code == .malformed && error.key == "weight_map/a")
  }

  @Test func absentShardIsNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors.index.json", #"{"weight_map":{"a":"x.safetensors"}}"#)
    let error = try #require(openError(folder))
    #expect(error.code == .notFound && error.file == folder.file("x.safetensors"))
  }

  @Test func tensorMustBeInItsShard() throws {
    let folder = try TemporaryFolder()
    try folder.write("x.safetensors", first)
    try folder.write("model.safetensors.index.json", #"{"weight_map":{"b":"x.safetensors"}}"#)
    let error = try #require(openError(folder))
    #expect(error.code == .malformed && error.key == "b")
    #expect(error.file == folder.file("x.safetensors"))
  }

  @Test(arguments: [
    ("{}", "weight_map"), (#"{"weight_map":[]}"#, "weight_map"),
    (#"{"weight_map":{"a":1}}"#, "weight_map/a"),
  ])
  func brokenIndexIsNamed(text: String, key: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors.index.json", text)
    let error = try #require(openError(folder))
    #expect(error.code == .malformed && error.key == key)
    #expect(error.file == folder.file("model.safetensors.index.json"))
  }

  @Test(arguments: ["pytorch_model.bin", "onnx/model.onnx", "tf_model.h5"])
  func otherWeightsGetTheRemedy(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(name, "x")
    let error = try #require(openError(folder))
    #expect(error.code == .notFound && error.message.contains(name))
    #expect(error.message.contains("safe_serialization=True"))
  }

  @Test func noWeightsAtAll() throws {
    let folder = try TemporaryFolder()
    let error = try #require(openError(folder))
    #expect(error.code == .notFound && error.file.hasSuffix("/model.safetensors"))
  }

  // MARK: - MappedFile

  @Test func mapsWholeFilesAndEmptyOnes() throws {
    let folder = try TemporaryFolder()
    try folder.write("a", Data([1, 2, 3]))
    try folder.write("b", Data())
    let file = try MappedFile(path: folder.file("a"))
    #expect(file.count == 3 && Array(file.bytes) == [1, 2, 3] && file.path == folder.file("a"))
    let empty = try MappedFile(path: folder.file("b"))
    #expect(empty.count == 0 && empty.bytes.baseAddress == nil)
  }

  @Test func namesWhatCannotBeMapped() throws {
    let folder = try TemporaryFolder()
    let absent = modelFilesError { _ = try MappedFile(path: folder.file("x")) }
    #expect(absent?.code == .notFound && absent?.file == folder.file("x"))
    let directory = modelFilesError { _ = try MappedFile(path: folder.path) }
    #expect(directory?.code == .unreadable)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: folder.file("gone"))
    let link = modelFilesError { _ = try MappedFile(path: folder.file("link")) }
    #expect(link?.code == .unreadable)
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    let pipe = modelFilesError { _ = try MappedFile(path: folder.file("pipe")) }
    #expect(pipe?.code == .unreadable)
  }

  @Test func oversizedConfigurationIsRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("config.json", Data(repeating: 0x20, count: 100))
    let error = modelFilesError { _ = try FileAccess.read(folder.file("config.json"), limit: 99) }
    #expect(error?.code == .malformed && error?.message.contains("100 bytes") == true)
    #expect(try FileAccess.read(folder.file("config.json"), limit: 100).count == 100)
  }
}
