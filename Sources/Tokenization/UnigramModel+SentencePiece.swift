/// SentencePiece's own model format: a protobuf `ModelProto`.
extension UnigramModel {
  /// Parses a serialized model. Fields that only training reads are passed over; a setting that
  /// would change ids and is not supported is a fault that names it.
  init(sentencePiece bytes: UnsafeRawBufferPointer) throws(ModelFault) {
    reserve(pieces: bytes.count / 16, textBytes: bytes.count / 2)
    var hasTrainerSpec = false
    var hasNormalizerSpec = false
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let message)): try readPiece(message)
      case (2, .bytes(let message)):
        try readTrainerSpec(message)
        hasTrainerSpec = true
      case (3, .bytes(let message)):
        try readNormalizerSpec(message)
        hasNormalizerSpec = true
      case (1...3, _): throw .unreadable("is no SentencePiece model")
      default: break
      }
    }
    guard count > 0 else { throw .unreadable("is no SentencePiece model: it has no pieces") }
    // Every trainer writes both, after the pieces: a file cut short between pieces shows here.
    guard hasTrainerSpec, hasNormalizerSpec else {
      throw .unreadable("is cut short: it has no trainer_spec or no normalizer_spec")
    }
  }

  private mutating func readPiece(_ message: UnsafeRawBufferPointer) throws(ModelFault) {
    var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    var score: Float = 0
    var type = PieceType.normal
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let value)): piece = value
      case (2, .fixed32(let value)): score = Float(bitPattern: value)
      case (3, .varint(let value)):
        guard let known = UInt8(exactly: value).flatMap(PieceType.init(rawValue:)) else {
          throw .unsupported("piece \(count) has the unknown type \(value)")
        }
        type = known
      case (1...3, _): throw .unreadable("piece \(count) is damaged")
      default: break
      }
    }
    append(piece, score: score, type: type)
  }

  private mutating func readTrainerSpec(_ message: UnsafeRawBufferPointer) throws(ModelFault) {
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      guard case .varint(let value) = field.value else { continue }
      switch field.number {
      case 3:
        guard value == 1 else {
          let names = [2: "BPE", 3: "WORD", 4: "CHAR"]
          let name = Int(exactly: value).flatMap { names[$0] } ?? "unknown"
          throw .unsupported("model_type is \(value) (\(name)); only UNIGRAM is supported")
        }
      case 24:
        guard value == 0 else { throw .unsupported("treat_whitespace_as_suffix is on") }
      case 35: byteFallback = value != 0
      default: break
      }
    }
  }

  private mutating func readNormalizerSpec(_ message: UnsafeRawBufferPointer) throws(ModelFault) {
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (2, .bytes(let value)): characterMap = Array(value)
      case (3, .varint(let value)): addsDummyPrefix = value != 0
      case (4, .varint(let value)): removesExtraWhitespace = value != 0
      case (5, .varint(let value)):
        guard value != 0 else { throw .unsupported("escape_whitespaces is off") }
      case (2...5, _): throw .unreadable("its normalizer_spec is damaged")
      default: break
      }
    }
  }

  /// A `ModelProto` with this model's normalisation, for the library: its pieces are the vocabulary's single
  /// characters and 256 byte pieces, so that what it returns is normalised text, character by character.
  func serializedNormalizer() -> [UInt8] {
    var writer = ProtobufWriter(reserving: 1 << 19 + characterMap.count)
    for index in 0..<min(3, count) {
      writer.piece(piece(index), score: scores[index], type: types[index])
    }
    // The library refuses a model without any normal piece; every text may hold this one.
    let space: StaticString = "▁"
    writer.piece(Array(space.bytes)[...], score: 0, type: .normal)
    for index in 3..<max(3, count) where types[index] == .normal {
      let text = piece(index)
      guard text.count <= 4, text.dropFirst().allSatisfy({ $0 & 0xC0 == 0x80 }),
        !text.elementsEqual(space.bytes)
      else { continue }
      writer.piece(text, score: 0, type: .normal)
    }
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in 0..<256 {
      let text = Array("<0x".utf8) + [digits[byte >> 4], digits[byte & 15], UInt8(ascii: ">")]
      writer.piece(text[...], score: 0, type: .byte)
    }
    var trainer = ProtobufWriter(reserving: 16)
    trainer.varint(3, 1)  // model_type: UNIGRAM
    trainer.varint(35, 1)  // byte_fallback
    writer.bytes(2, trainer.bytes)
    var normalizer = ProtobufWriter(reserving: characterMap.count + 32)
    normalizer.bytes(2, characterMap)
    normalizer.varint(3, addsDummyPrefix ? 1 : 0)
    normalizer.varint(4, removesExtraWhitespace ? 1 : 0)
    normalizer.varint(5, 1)  // escape_whitespaces
    writer.bytes(3, normalizer.bytes)
    return writer.bytes
  }
}

extension ProtobufWriter {
  fileprivate mutating func piece(
    _ text: ArraySlice<UInt8>, score: Float, type: UnigramModel.PieceType
  ) {
    // text: tag, length, bytes; score: tag, 4 bytes; type: tag, 1 byte.
    header(1, length: 1 + Self.varintSize(text.count) + text.count + 5 + 2)
    bytes(1, text)
    float(2, score)
    varint(3, Int(type.rawValue))
  }
}
