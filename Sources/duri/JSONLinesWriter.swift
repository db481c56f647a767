import Foundation

/// One JSON object a line.
struct JSONLinesWriter: VectorWriter {
  private let output: FileHandle
  private var buffer: [UInt8] = []

  init(_ output: FileHandle) {
    self.output = output
  }

  mutating func write(_ result: EmbedResult, index: Int) throws {
    var line = "{\"index\":\(index),"
    switch result {
    case .failure(let failure):
      line += "\"error\":{\"code\":\(failure.code),\"message\":\(quoted(failure.message))}"
    case .success(let text):
      let receipt = text.receipt
      line += "\"tokens\":\(receipt.tokens),\"tokens_used\":\(receipt.tokensUsed),"
      line += "\"truncated\":\(receipt.truncated),"
      line += "\"kept\":[\(receipt.keptBegin),\(receipt.keptEnd)],"
      line += "\"normalization_changed\":\(receipt.normalizationChanged),"
      line += "\"unknown_pieces\":\(receipt.unknownPieces),\"prefix\":\(quoted(receipt.prefix)),"
      line += "\"prefix_already_present\":\(receipt.prefixAlreadyPresent),\"embedding\":["
      // Swift prints the shortest digits that read back as the very same Float.
      line += text.vector.lazy.map(\.description).joined(separator: ",")
      line += "]"
    }
    buffer += line.utf8
    buffer += Array("}\n".utf8)
    if buffer.count > 1 << 16 { try flush() }
  }

  mutating func finish() throws { try flush() }

  private mutating func flush() throws {
    try output.write(contentsOf: Data(buffer))
    buffer.removeAll(keepingCapacity: true)
  }
}

/// A JSON string literal.
func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
