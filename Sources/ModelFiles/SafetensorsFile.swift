import Foundation

/// One mapped safetensors file with every entry of its header checked.
///
/// Layout: header length (8 bytes, little-endian), header (a JSON object: name → dtype, shape,
/// data_offsets), then the data section the offsets count from.
struct SafetensorsFile: Sendable {
  /// One tensor. Its bytes are known to lie inside the file and to match its shape.
  struct Entry: Sendable {
    /// As in the file; may be a type that cannot be read as weights, such as `I64` of buffers.
    let type: String
    let shape: [Int]
    let elementCount: Int
    /// From the start of the file.
    let byteOffset: Int
  }

  let file: MappedFile
  let entries: [String: Entry]

  /// The format's own limit for a header, in bytes.
  static let headerLimit = 100_000_000

  init(path: String) throws(ModelFilesError) {
    let file = try MappedFile(path: path)
    let (header, dataStart) = try Self.header(of: file)
    let dataSize = file.count - dataStart
    var entries: [String: Entry] = [:]
    entries.reserveCapacity(header.tensors.count)
    for (name, tensor) in header.tensors {
      entries[name] = try Self.check(
        tensor, name: name, dataStart: dataStart, dataSize: dataSize, file: path)
    }
    self.file = file
    self.entries = entries
  }

  // MARK: - Header

  private struct Header: Decodable {
    struct Tensor: Decodable {
      let dtype: String
      let shape: [WholeNumber]
      let offsets: [WholeNumber]

      enum CodingKeys: String, CodingKey {
        case dtype, shape
        case offsets = "data_offsets"
      }
    }
    var tensors: [String: Tensor] = [:]

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: AnyCodingKey.self)
      for key in container.allKeys where key.stringValue != "__metadata__" {
        tensors[key.stringValue] = try container.decode(Tensor.self, forKey: key)
      }
    }
  }

  private static func header(
    of file: MappedFile
  ) throws(ModelFilesError) -> (header: Header, dataStart: Int) {
    let prefix = 8
    guard file.count >= prefix else {
      throw malformed(
        file.path, nil, "has \(file.count) bytes, too few for a safetensors file; fetch it again")
    }
    let declared = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard let length = Int(exactly: declared), length <= headerLimit else {
      throw malformed(
        file.path, nil,
        "declares a header of \(declared) bytes; at most \(headerLimit) are allowed. Is this a "
          + "safetensors file?")
    }
    guard length <= file.count - prefix else {
      throw malformed(
        file.path, nil,
        "declares a header of \(length) bytes but has only \(file.count - prefix) after the "
          + "length; the file is cut short, fetch it again")
    }
    let data = Data(file.bytes[prefix..<(prefix + length)])
    let header = try JSONFile.decode(Header.self, from: data, file: file.path)
    return (header, prefix + length)
  }

  // MARK: - Entries

  private static func check(
    _ tensor: Header.Tensor, name: String, dataStart: Int, dataSize: Int, file: String
  ) throws(ModelFilesError) -> Entry {
    guard tensor.offsets.count == 2, let begin = tensor.offsets.first?.value,
      let end = tensor.offsets.last?.value
    else {
      throw malformed(file, name, "data_offsets has \(tensor.offsets.count) numbers, not 2")
    }
    guard begin >= 0, begin <= end, end <= dataSize else {
      throw malformed(
        file, name,
        "data_offsets [\(begin), \(end)] lie outside the \(dataSize) bytes of data; the file is "
          + "cut short or its header is wrong")
    }
    let shape = tensor.shape.map(\.value)
    guard let count = elementCount(shape) else {
      throw malformed(file, name, "shape \(shape) is negative or too large")
    }
    if let width = widths[tensor.dtype] {
      let (size, overflow) = count.multipliedReportingOverflow(by: width)
      guard !overflow, size == end - begin else {
        throw malformed(
          file, name,
          "\(tensor.dtype) of shape \(shape) does not fill the \(end - begin) bytes of "
            + "data_offsets [\(begin), \(end)]")
      }
    }
    return Entry(
      type: tensor.dtype, shape: shape, elementCount: count, byteOffset: dataStart + begin)
  }

  /// Product of the sizes, or nil when one is negative or the product overflows.
  static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      guard size >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }

  /// Bytes per element of the format's types. An unknown type is let be until it is asked for.
  private static let widths: [String: Int] = [
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
  ]

  private static func malformed(
    _ file: String, _ key: String?, _ message: String
  ) -> ModelFilesError {
    ModelFilesError(code: .malformed, file: file, key: key, message: message)
  }
}
