import Foundation
import Testing

@testable import ModelFiles

@Suite struct SafetensorsTests {
  /// Written by the format's reference library: F32, F16, BF16, I64 and an empty tensor.
  static let reference =
    "SAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJpZHMiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6"
    + "WzEsMl0sImRhdGFfb2Zmc2V0cyI6WzAsMTZdfSwiZjMyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYX"
    + "RhX29mZnNldHMiOlsxNiwzMl19LCJub25lIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDRdLCJkYXRhX29mZnNl"
    + "dHMiOlszMiwzMl19LCJiZjE2Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzMyLD"
    + "M4XX0sImYxNiI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzM4LDQ0XX19ICAgBwAA"
    + "AAAAAAAIAAAAAAAAAAAAgD8AACDAgqj7NwDgf0eAP0nAln4APFW1AQA="

  private func open(_ data: Data) throws -> WeightFiles {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", data)
    // The map outlives the folder's name.
    return try WeightFiles.open(folder: folder.path)
  }

  @Test func readsWhatTheReferenceLibraryWrote() throws {
    let data = try #require(Data(base64Encoded: Self.reference))
    let weights = try open(data)
    #expect(weights.names == ["bf16", "f16", "f32", "ids", "none"])
    #expect(weights.contains("ids") && !weights.contains("__metadata__"))
    let f32 = try weights.tensor("f32", shape: [2, 2])
    #expect(f32.type == .f32 && f32.shape == [2, 2] && f32.elementCount == 4)
    #expect(f32.floats() == [1, -2.5, 3e-5, 65504])
    #expect(try weights.tensor("f16", shape: [3]).floats() == [1, -0.333251953125, 0x1p-24])
    let bf16 = try weights.tensor("bf16", shape: [3]).floats()
    #expect(bf16 == [1, -3.140625, 9.969209968386869e37])
    #expect(try weights.tensor("none", shape: [0, 4]).floats() == [])
    let error = modelFilesError { _ = try weights.tensor("ids", shape: [1, 2]) }
    #expect(error?.code == .unsupported && error?.key == "ids")
    #expect(error?.message.contains("I64") == true)
  }

  @Test func readsPartsAndMapsFloats() throws {
    let values = (0..<100).map { Float($0) / 7 }
    let weights = try open(Checkpoint.file(["a": .f32([10, 10], values)]))
    let view = try weights.tensor("a", shape: [10, 10])
    let mapped = try #require(view.mappedFloats)
    #expect(Array(mapped) == values)
    var part = [Float](repeating: 0, count: 13)
    part.withUnsafeMutableBufferPointer { view.read(from: 87, into: $0) }
    #expect(part == Array(values[87...]))
    var none: [Float] = []
    none.withUnsafeMutableBufferPointer { view.read(from: 100, into: $0) }
    #expect(none.isEmpty)
  }

  /// The format does not promise alignment; a header of odd length shifts everything.
  @Test(arguments: 0..<4) func unalignedFloatsAreCopied(spaces: Int) throws {
    var header = #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#
    header += String(repeating: " ", count: (4 - header.utf8.count % 4) % 4 + spaces)
    let values: [Float] = [1, 2, 3]
    let weights = try open(
      Checkpoint.file(header: header, data: values.withUnsafeBytes { Data($0) }))
    let view = try weights.tensor("a", shape: [3])
    #expect((view.mappedFloats != nil) == (spaces == 0))
    #expect(view.floats() == values)
  }

  @Test func halvesAreNotMappedAsFloats() throws {
    let weights = try open(Checkpoint.file(["a": .bits("F16", [2], [0x3c00, 0xc000])]))
    let view = try weights.tensor("a", shape: [2])
    #expect(view.mappedFloats == nil)
    var one: [Float] = [0]
    one.withUnsafeMutableBufferPointer { view.read(from: 1, into: $0) }
    #expect(one == [-2])
  }

  @Test func scalarHasOneElement() throws {
    let weights = try open(Checkpoint.file(["a": .f32([], [4])]))
    #expect(try weights.tensor("a", shape: []).floats() == [4])
  }

  @Test func namesTensorFileAndBothShapes() throws {
    let weights = try open(Checkpoint.file(["a": .f32([2, 3], [1, 2, 3, 4, 5, 6])]))
    let shape = try #require(modelFilesError { _ = try weights.tensor("a", shape: [3, 2]) })
    #expect(shape.code == .malformed && shape.key == "a")
    #expect(shape.description.contains("model.safetensors: a: has shape [2, 3]"))
    #expect(shape.message.contains("[3, 2]"))
    let absent = try #require(modelFilesError { _ = try weights.tensor("b", shape: [5]) })
    #expect(absent.code == .malformed && absent.key == "b")
    #expect(absent.message.contains("[5]"))
  }

  // MARK: - Broken files

  struct Broken: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let data: Data
    /// Part of the error's description.
    let says: String

    init(_ name: String, _ data: Data, says: String) {
      testDescription = name
      self.data = data
      self.says = says
    }

    /// One tensor `a` described by `entry`, before `size` bytes of data.
    static func entry(_ name: String, _ entry: String, size: Int = 16, says: String) -> Broken {
      Broken(
        name, Checkpoint.file(header: #"{"a":\#(entry)}"#, data: Data(count: size)), says: says)
    }
  }

  static let deep = String(repeating: #"{"a":"#, count: 100_000)

  static let broken: [Broken] = [
    Broken("empty file", Data(), says: "too few"),
    Broken("seven bytes", Data(count: 7), says: "too few"),
    Broken("no header", Data(count: 8), says: "not valid JSON"),
    Broken(
      "header longer than the file", Checkpoint.file(header: "{}", length: 3), says: "cut short"),
    Broken(
      "header length over the limit", Checkpoint.file(header: "{}", length: 100_000_001),
      says: "at most 100000000"),
    Broken(
      "header length beyond Int", Checkpoint.file(header: "{}", length: .max), says: "at most"),
    Broken(
      "header length of Int.max", Checkpoint.file(header: "{}", length: UInt64(Int.max)),
      says: "at most"),
    Broken("not JSON", Checkpoint.file(header: "weights"), says: "not valid JSON"),
    Broken("cut JSON", Checkpoint.file(header: #"{"a":{"dtype":"F32""#), says: "not valid JSON"),
    Broken("a list", Checkpoint.file(header: "[]"), says: "expected an object"),
    Broken("a number", Checkpoint.file(header: "1"), says: "expected an object"),
    Broken("deep JSON", Checkpoint.file(header: deep), says: "not valid JSON"),
    Broken(
      "deep lists", Checkpoint.file(header: String(repeating: "[", count: 100_000)),
      says: "nested"),
    Broken(
      "not UTF-8", Checkpoint.file(header: "") + Data([0xff]), says: "not valid JSON"),
    .entry("entry is a number", "1", says: "a: has the wrong type"),
    .entry("entry is null", "null", says: "a: "),
    .entry("no dtype", #"{"shape":[4],"data_offsets":[0,16]}"#, says: "a/dtype: is required"),
    .entry("no shape", #"{"dtype":"F32","data_offsets":[0,16]}"#, says: "a/shape"),
    .entry("no offsets", #"{"dtype":"F32","shape":[4]}"#, says: "a/data_offsets"),
    .entry(
      "dtype is a number", #"{"dtype":32,"shape":[4],"data_offsets":[0,16]}"#,
      says: "a/dtype: has the wrong type; expected a string"),
    .entry(
      "shape is a string", #"{"dtype":"F32","shape":"4","data_offsets":[0,16]}"#,
      says: "a/shape: has the wrong type; expected a list"),
    .entry(
      "shape holds a fraction", #"{"dtype":"F32","shape":[1.5],"data_offsets":[0,16]}"#,
      says: "a/shape/[0]"),
    .entry(
      "shape holds NaN", #"{"dtype":"F32","shape":[NaN],"data_offsets":[0,16]}"#,
      says: "not valid JSON"),
    .entry(
      "shape holds true", #"{"dtype":"F32","shape":[true],"data_offsets":[0,16]}"#,
      says: "a/shape/[0]"),
    .entry(
      "one offset", #"{"dtype":"F32","shape":[4],"data_offsets":[16]}"#, says: "1 numbers, not 2"),
    .entry(
      "three offsets", #"{"dtype":"F32","shape":[4],"data_offsets":[0,8,16]}"#,
      says: "3 numbers, not 2"),
    .entry(
      "no numbers in offsets", #"{"dtype":"F32","shape":[0],"data_offsets":[]}"#,
      says: "0 numbers, not 2"),
    .entry(
      "offsets past the end", #"{"dtype":"F32","shape":[4],"data_offsets":[4,20]}"#,
      says: "outside the 16 bytes"),
    .entry(
      "offsets far past the end",
      #"{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775791,9223372036854775807]}"#,
      says: "outside the 16 bytes"),
    .entry(
      "offsets beyond Int",
      #"{"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551616]}"#,
      says: "a/data_offsets/[1]"),
    .entry(
      "negative offset", #"{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}"#,
      says: "outside the 16 bytes"),
    .entry(
      "offsets reversed", #"{"dtype":"F32","shape":[4],"data_offsets":[16,0]}"#,
      says: "outside the 16 bytes"),
    .entry(
      "too few bytes", #"{"dtype":"F32","shape":[5],"data_offsets":[0,16]}"#,
      says: "does not fill the 16 bytes"),
    .entry(
      "too many bytes", #"{"dtype":"F16","shape":[4],"data_offsets":[0,16]}"#,
      says: "does not fill the 16 bytes"),
    .entry(
      "wrong width of a buffer", #"{"dtype":"I64","shape":[4],"data_offsets":[0,16]}"#,
      says: "does not fill the 16 bytes"),
    .entry(
      "negative size", #"{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}"#,
      says: "negative or too large"),
    .entry(
      "product overflows",
      #"{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,16]}"#,
      says: "negative or too large"),
    .entry(
      "product wraps to the right size",
      #"{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}"#,
      says: "negative or too large"),
    .entry(
      "bytes overflow", #"{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}"#,
      says: "does not fill the 0 bytes"),
    .entry(
      "size beyond Int", #"{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,16]}"#,
      says: "a/shape/[0]"),
  ]

  @Test(arguments: broken) func brokenFileIsAnError(_ broken: Broken) throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", broken.data)
    let error = try #require(
      modelFilesError { _ = try WeightFiles.open(folder: folder.path) })
    #expect(error.code == .malformed)
    #expect(error.file == folder.file("model.safetensors"))
    #expect(error.description.contains(broken.says), "\(error)")
  }

  @Test func unknownTypeIsToleratedUntilAskedFor() throws {
    let entry = #"{"a":{"dtype":"F4","shape":[32],"data_offsets":[0,16]}}"#
    let weights = try open(Checkpoint.file(header: entry, data: Data(count: 16)))
    #expect(weights.names == ["a"])
    let error = modelFilesError { _ = try weights.tensor("a", shape: [32]) }
    #expect(error?.code == .unsupported)
  }

  @Test func repeatedNamesDoNotCrash() throws {
    let entry = #""a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}"#
    let weights = try open(
      Checkpoint.file(header: "{\(entry),\(entry)}", data: Data(count: 16)))
    #expect(weights.names == ["a"])
  }

  /// Whatever bytes are changed, opening ends in an error or in tensors that can be read whole.
  @Test func changedBytesNeverReachOutsideTheFile() throws {
    var generator = SeededGenerator(state: 42)
    let whole = Checkpoint.file([
      "first": .f32([2, 3], [1, 2, 3, 4, 5, 6]), "second": .bits("F16", [4], [1, 2, 3, 4]),
      "third": .bits("BF16", [2, 2], [5, 6, 7, 8]),
    ])
    let folder = try TemporaryFolder()
    let interesting = Array(#"0123456789[]{},:"-eE.+ \tnFB"#.utf8)
    var opened = 0
    var refused = 0
    for _ in 0..<2000 {
      var data = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<data.count, using: &generator)
        data[place] =
          Bool.random(using: &generator)
          ? interesting[Int.random(in: 0..<interesting.count, using: &generator)]
          : UInt8.random(in: 0...255, using: &generator)
      }
      if Int.random(in: 0..<8, using: &generator) == 0 {
        data = data.prefix(Int.random(in: 0...data.count, using: &generator))
      }
      try folder.write("model.safetensors", data)
      do {
        let file = try SafetensorsFile(path: folder.file("model.safetensors"))
        let weights = try WeightFiles.open(folder: folder.path)
        for (name, entry) in file.entries where TensorType(rawValue: entry.type) != nil {
          let values = try weights.tensor(name, shape: entry.shape).floats()
          #expect(values.count == entry.elementCount)
        }
        opened += 1
      } catch {
        #expect(error.code == .malformed)
        refused += 1
      }
    }
    // Both outcomes must occur, or the changes test nothing.
    #expect(opened > 100 && refused > 100)
  }
}
