/// All tensors of one checkpoint: a single `model.safetensors`, or the shards that
/// `model.safetensors.index.json` names.
public struct WeightFiles: Sendable {
  /// The file to name when a tensor is absent.
  let source: String
  private let files: [SafetensorsFile]
  /// Tensor name → index into `files`.
  private let location: [String: Int]

  static let singleName = "model.safetensors"
  static let indexName = "model.safetensors.index.json"

  /// Maps the checkpoint and checks every header entry.
  ///
  /// - Throws: ``ModelFilesError``: `notFound` when there are no safetensors (naming the remedy
  ///   when there are weights of another kind), `malformed` for a broken file.
  public static func open(folder: String) throws(ModelFilesError) -> WeightFiles {
    let single = FileAccess.join(folder, singleName)
    if FileAccess.isFile(single) { return try WeightFiles(single: single) }
    let index = FileAccess.join(folder, indexName)
    if FileAccess.isFile(index) { return try WeightFiles(index: index, folder: folder) }
    throw missing(in: folder)
  }

  private init(single path: String) throws(ModelFilesError) {
    let file = try SafetensorsFile(path: path)
    source = path
    files = [file]
    location = file.entries.mapValues { _ in 0 }
  }

  private init(index path: String, folder: String) throws(ModelFilesError) {
    struct Index: Decodable {
      let weightMap: [String: String]

      enum CodingKeys: String, CodingKey {
        case weightMap = "weight_map"
      }
    }
    let map = try JSONFile.decode(Index.self, path: path).weightMap
    var files: [SafetensorsFile] = []
    var opened: [String: Int] = [:]
    var location: [String: Int] = [:]
    for (tensor, shard) in map.sorted(by: { $0.key < $1.key }) {
      guard Self.isPlainFileName(shard) else {
        throw ModelFilesError(
          code: .malformed, file: path, key: "weight_map/\(tensor)",
          message: "shard '\(shard)' is not the name of a safetensors file in this folder")
      }
      let number: Int
      if let known = opened[shard] {
        number = known
      } else {
        number = files.count
        files.append(try SafetensorsFile(path: FileAccess.join(folder, shard)))
        opened[shard] = number
      }
      guard files[number].entries[tensor] != nil else {
        throw ModelFilesError(
          code: .malformed, file: FileAccess.join(folder, shard), key: tensor,
          message: "is absent, though \(Self.indexName) says that it is here")
      }
      location[tensor] = number
    }
    self.source = path
    self.files = files
    self.location = location
  }

  /// A shard is a file beside its index: a path in its name could point anywhere.
  private static func isPlainFileName(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.hasPrefix(".")
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
  }

  private static func missing(in folder: String) -> ModelFilesError {
    let others = [
      "pytorch_model.bin", "pytorch_model.bin.index.json", "model.onnx", "onnx/model.onnx",
      "tf_model.h5", "flax_model.msgpack",
    ]
    let wanted = FileAccess.join(folder, singleName)
    guard let other = others.first(where: { FileAccess.isFile(FileAccess.join(folder, $0)) })
    else {
      return ModelFilesError(
        code: .notFound, file: wanted, message: "is absent, and so is \(indexName)")
    }
    return ModelFilesError(
      code: .notFound, file: wanted,
      message: "is absent; the folder has \(other), which is not read. Convert it with "
        + "save_pretrained(..., safe_serialization=True) of the transformers library")
  }

  // MARK: - Access

  /// Every tensor name as in the files, sorted.
  public var names: [String] { location.keys.sorted() }

  public func contains(_ name: String) -> Bool { location[name] != nil }

  /// A view of one tensor, known to have this shape.
  ///
  /// - Throws: ``ModelFilesError``: `malformed`, naming the file, the tensor and both shapes, when
  ///   it is absent or of another shape; `unsupported` when its numbers are not F32, F16 or BF16.
  public func tensor(_ name: String, shape: [Int]) throws(ModelFilesError) -> TensorView {
    guard let number = location[name], let entry = files[number].entries[name] else {
      throw ModelFilesError(
        code: .malformed, file: source, key: name,
        message: "is absent; expected a tensor of shape \(shape)")
    }
    let file = files[number].file
    guard entry.shape == shape else {
      throw ModelFilesError(
        code: .malformed, file: file.path, key: name,
        message: "has shape \(entry.shape); the configuration calls for \(shape)")
    }
    guard let type = TensorType(rawValue: entry.type) else {
      let readable = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelFilesError(
        code: .unsupported, file: file.path, key: name,
        message: "holds \(entry.type); weights can be read as \(readable)")
    }
    return TensorView(
      name: name, type: type, shape: shape, elementCount: entry.elementCount, file: file,
      byteOffset: entry.byteOffset)
  }
}

extension WeightFiles {
  /// Names, types, shapes and samples of the data, in the order of the names.
  func addSamples(to hash: inout FNV1a) {
    for name in names {
      guard let number = location[name], let entry = files[number].entries[name] else { continue }
      hash.add("\(name) \(entry.type) \(entry.shape)")
      let bytes = files[number].file.bytes
      let size = min(entry.elementCount, 4_096)
      // At least one byte an element, whatever the type: the range lies inside the tensor.
      let end = min(bytes.count, entry.byteOffset + size)
      if entry.byteOffset < end {
        // The map must not be undone while its bytes are read.
        withExtendedLifetime(files) {
          hash.add(samplesOf: UnsafeRawBufferPointer(rebasing: bytes[entry.byteOffset..<end]))
        }
      }
    }
  }
}
