/// `config.json` of a dense module.
struct DenseFile: Decodable {
  private let inputSize: WholeNumber
  private let outputSize: WholeNumber
  private let hasBias: Bool?
  private let function: String
  private let inputName: String?
  private let outputName: String?

  enum CodingKeys: String, CodingKey {
    case inputSize = "in_features"
    case outputSize = "out_features"
    case hasBias = "bias"
    case function = "activation_function"
    case inputName = "module_input_name"
    case outputName = "module_output_name"
  }

  /// - Parameters:
  ///   - module: folder of the module inside the model folder, such as `2_Dense`.
  ///   - inputSize: components of the vector that reaches it.
  static func module(
    _ module: String, folder: String, inputSize: Int
  ) throws(ModelFilesError) -> DenseModule {
    let path = FileAccess.join(FileAccess.join(folder, module), "config.json")
    let file = try JSONFile.decode(DenseFile.self, path: path)
    guard file.inputSize.value == inputSize else {
      throw error(
        .malformed, .inputSize, path,
        "is \(file.inputSize.value), but the vector that reaches it has \(inputSize) components")
    }
    let limit = 1 << 16
    guard file.outputSize.value >= 1, file.outputSize.value <= limit else {
      throw error(
        .malformed, .outputSize, path,
        "is \(file.outputSize.value); expected a whole number from 1 to \(limit)")
    }
    for (key, name) in [
      (CodingKeys.inputName, file.inputName), (.outputName, file.outputName),
    ] {
      guard let name, name != "sentence_embedding" else { continue }
      throw error(
        .unsupported, key, path, "is '\(name)'; only 'sentence_embedding' is supported")
    }
    return DenseModule(
      path: module, inputSize: file.inputSize.value, outputSize: file.outputSize.value,
      hasBias: file.hasBias ?? true, function: try file.knownFunction(path: path))
  }

  /// The class path moved between releases; the last component stayed.
  private func knownFunction(path: String) throws(ModelFilesError) -> DenseModule.Function {
    switch function.split(separator: ".").last {
    case "Tanh": return .tanh
    case "Identity": return .identity
    default:
      throw Self.error(
        .unsupported, .function, path, "is '\(function)'; supported are Tanh and Identity")
    }
  }

  private static func error(
    _ code: ModelFilesError.Code, _ key: CodingKeys, _ path: String, _ message: String
  ) -> ModelFilesError {
    ModelFilesError(code: code, file: path, key: key.rawValue, message: message)
  }
}

extension DenseModule {
  /// Names of its tensors in its own `model.safetensors`.
  static let weightName = "linear.weight"
  static let biasName = "linear.bias"

  /// weight (outputSize, inputSize) and bias (outputSize), checked.
  func tensors(
    in weights: WeightFiles
  ) throws(ModelFilesError) -> (weight: TensorView, bias: TensorView?) {
    let weight = try weights.tensor(Self.weightName, shape: [outputSize, inputSize])
    guard hasBias else { return (weight, nil) }
    return (weight, try weights.tensor(Self.biasName, shape: [outputSize]))
  }
}
