import Foundation

@testable import ModelFiles

/// Writes safetensors files and whole small model folders for the tests.
enum Checkpoint {
  struct Tensor {
    var type = "F32"
    var shape: [Int]
    var data: Data

    static func f32(_ shape: [Int], _ values: [Float]) -> Tensor {
      Tensor(type: "F32", shape: shape, data: values.withUnsafeBytes { Data($0) })
    }

    /// 16-bit values by their bit patterns.
    static func bits(_ type: String, _ shape: [Int], _ values: [UInt16]) -> Tensor {
      Tensor(type: type, shape: shape, data: values.withUnsafeBytes { Data($0) })
    }
  }

  /// Header length, then the header as it is, then the data.
  static func file(header: String, data: Data = Data(), length: UInt64? = nil) -> Data {
    var bytes = Data()
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) {
      bytes.append(contentsOf: $0)
    }
    bytes.append(contentsOf: header.utf8)
    bytes.append(data)
    return bytes
  }

  static func file(_ tensors: [String: Tensor]) -> Data {
    var entries = [#""__metadata__":{"format":"pt"}"#]
    var data = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let begin = data.count
      data.append(tensor.data)
      entries.append(
        #""\#(name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"#
          + #""data_offsets":[\#(begin),\#(data.count)]}"#)
    }
    var header = "{" + entries.joined(separator: ",") + "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    return file(header: header, data: data)
  }

  /// Sizes of the small body that the tests use.
  struct Shape {
    var hidden = 8
    var layers = 2
    var heads = 2
    var intermediate = 12
    var vocabulary = 10
    var positions = 16
    var types = 2
  }

  /// Every tensor of a body, with seeded random values.
  static func body(
    _ shape: Shape = Shape(), prefix: String = "", oldNormNames: Bool = false
  ) -> [String: Tensor] {
    var generator = SeededGenerator(state: 7)
    var tensors: [String: Tensor] = [:]
    func add(_ name: String, _ sizes: Int...) {
      let count = sizes.reduce(1, *)
      let values = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
      tensors[prefix + name] = .f32(sizes, values)
    }
    func norm(_ name: String) {
      add(name + (oldNormNames ? ".gamma" : ".weight"), shape.hidden)
      add(name + (oldNormNames ? ".beta" : ".bias"), shape.hidden)
    }
    func linear(_ name: String, _ output: Int, _ input: Int) {
      add(name + ".weight", output, input)
      add(name + ".bias", output)
    }
    add("embeddings.word_embeddings.weight", shape.vocabulary, shape.hidden)
    add("embeddings.position_embeddings.weight", shape.positions, shape.hidden)
    add("embeddings.token_type_embeddings.weight", shape.types, shape.hidden)
    norm("embeddings.LayerNorm")
    for number in 0..<shape.layers {
      let layer = "encoder.layer.\(number)."
      for part in ["query", "key", "value"] {
        linear(layer + "attention.self.\(part)", shape.hidden, shape.hidden)
      }
      linear(layer + "attention.output.dense", shape.hidden, shape.hidden)
      norm(layer + "attention.output.LayerNorm")
      linear(layer + "intermediate.dense", shape.intermediate, shape.hidden)
      linear(layer + "output.dense", shape.hidden, shape.intermediate)
      norm(layer + "output.LayerNorm")
    }
    return tensors
  }

  /// A `config.json`; `changes` replaces or adds keys by JSON text, or removes them with nil.
  static func config(
    _ shape: Shape = Shape(), type: String = "bert", changes: [String: String?] = [:]
  ) -> String {
    var values: [String: String?] = [
      "model_type": "\"\(type)\"", "hidden_size": "\(shape.hidden)",
      "num_hidden_layers": "\(shape.layers)", "num_attention_heads": "\(shape.heads)",
      "intermediate_size": "\(shape.intermediate)", "vocab_size": "\(shape.vocabulary)",
      "max_position_embeddings": "\(shape.positions)", "type_vocab_size": "\(shape.types)",
      "layer_norm_eps": "1e-12", "hidden_act": "\"gelu\"", "pad_token_id": "1",
      "position_embedding_type": "\"absolute\"",
    ]
    for (key, value) in changes { values.updateValue(value, forKey: key) }
    let lines = values.compactMap { key, value in value.map { "\"\(key)\": \($0)" } }
    return "{" + lines.joined(separator: ", ") + "}"
  }

  /// A complete plain folder: config, weights, tokenizer.
  static func folder(
    name: String = "model", shape: Shape = Shape(), type: String = "bert",
    changes: [String: String?] = [:]
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder(name: name)
    try folder.write("config.json", config(shape, type: type, changes: changes))
    try folder.write("model.safetensors", file(body(shape)))
    try folder.write("sentencepiece.bpe.model", "stands for a SentencePiece model")
    return folder
  }
}

/// `modules.json` and module configurations as the library's releases write them.
enum Modules {
  static func list(_ modules: (type: String, path: String)...) -> String {
    let lines = modules.enumerated().map { number, module in
      #"{"idx":\#(number),"name":"\#(number)","path":"\#(module.path)","type":"\#(module.type)"}"#
    }
    return "[" + lines.joined(separator: ",") + "]"
  }

  static let transformer = (type: "sentence_transformers.models.Transformer", path: "")
  static let pooling = (type: "sentence_transformers.models.Pooling", path: "1_Pooling")
  static let normalize = (type: "sentence_transformers.models.Normalize", path: "2_Normalize")
  static let dense = (type: "sentence_transformers.models.Dense", path: "2_Dense")

  /// Old form: one boolean per mode.
  static func oldPooling(_ mode: String, dimension: Int) -> String {
    let flags = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"].map {
      #""pooling_mode_\#($0)": \#($0 == mode)"#
    }
    return #"{"word_embedding_dimension": \#(dimension), "# + flags.joined(separator: ", ") + "}"
  }

  /// New form: the mode by name.
  static func newPooling(_ mode: String, dimension: Int) -> String {
    #"{"embedding_dimension": \#(dimension), "pooling_mode": "\#(mode)", "include_prompt": true}"#
  }
}

/// Runs `body` and gives the error it throws, or nil.
func modelFilesError(_ body: () throws -> Void) -> ModelFilesError? {
  do {
    try body()
    return nil
  } catch {
    return error as? ModelFilesError
  }
}
