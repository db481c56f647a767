/// Tells models of one name apart, so that their vectors are never mixed.
extension ModelFolder {
  /// 16 hexadecimal digits over what decides the vectors: the contract, every tensor's name, type and shape with
  /// samples of its numbers, and the tokenizer's file.
  ///
  /// Sampling keeps it at a few milliseconds for weights of gigabytes. It guards against mistakes, not against
  /// forgery. The hash is FNV-1a, 64 bit (Fowler, Noll, Vo).
  public func fingerprint() throws(ModelFilesError) -> String {
    var hash = FNV1a()
    hash.add("\(contract.body)")
    hash.add("\(contract.pooling.rawValue) \(contract.normalizes) \(contract.denseModules)")
    hash.add("\(contract.dimension)")
    for file in [weights] + denseFiles { file.addSamples(to: &hash) }
    for path in [tokenizer.path, tokenizer.configuration] {
      guard let path else { continue }
      let file = try MappedFile(path: path)
      withExtendedLifetime(file) { hash.add(samplesOf: file.bytes) }
    }
    return hash.digits
  }
}

extension TokenizerFile {
  /// The file the vocabulary is read from.
  var path: String {
    switch self {
    case .sentencePiece(let path, _): path
    case .unigramJSON(let path): path
    case .wordPiece(let path, configuration: _): path
    case .wordPieceJSON(let path, configuration: _): path
    }
  }

  /// The file that settings are read from, if they decide ids.
  var configuration: String? {
    switch self {
    case .sentencePiece, .unigramJSON: nil
    case .wordPiece(path: _, let configuration): configuration
    case .wordPieceJSON(path: _, let configuration): configuration
    }
  }
}

struct FNV1a {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

  /// The zero byte keeps "ab" + "c" apart from "a" + "bc".
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0)
  }

  /// The length, and 64 runs of 64 bytes spread evenly over the buffer (all of a short one).
  mutating func add(samplesOf bytes: UnsafeRawBufferPointer) {
    add("\(bytes.count)")
    let run = 64
    let stride = max(run, bytes.count / 64)
    var start = 0
    while start < bytes.count {
      for byte in bytes[start..<min(start + run, bytes.count)] { add(byte) }
      start += stride
    }
  }

  var digits: String {
    let text = String(state, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}
