import Foundation
import SwiftProtobuf

/// The descriptors of every service here, as gRPC reflection hands them out.
public struct DescriptorIndex: Sendable {
  /// Full names of all services, sorted.
  public let services: [String]
  private let files: [String: File]
  private let fileOfSymbol: [String: String]

  /// A serialized FileDescriptorProto.
  public typealias SerializedFile = Data

  private struct File: Sendable {
    var bytes: SerializedFile
    var imports: [String]
  }

  /// Parses the generated descriptor set; the copy compiled into this module always parses (tested).
  public init() throws {
    guard let bytes = Data(base64Encoded: descriptorSetBase64, options: .ignoreUnknownCharacters)
    else { throw BinaryDecodingError.truncated }
    try self.init(Google_Protobuf_FileDescriptorSet(serializedBytes: bytes))
  }

  init(_ descriptors: Google_Protobuf_FileDescriptorSet) throws {
    var files: [String: File] = [:]
    var symbols: [String: String] = [:]
    var services: [String] = []
    for file in descriptors.file {
      files[file.name] = File(bytes: try file.serializedBytes(), imports: file.dependency)
      for service in file.service {
        let name = "\(file.package).\(service.name)"
        services.append(name)
        symbols[name] = file.name
        for method in service.method { symbols["\(name).\(method.name)"] = file.name }
      }
      for message in file.messageType {
        Self.add(message, in: file.package, file: file.name, to: &symbols)
      }
      for enumeration in file.enumType {
        symbols["\(file.package).\(enumeration.name)"] = file.name
      }
    }
    self.files = files
    self.fileOfSymbol = symbols
    self.services = services.sorted()
  }

  /// Serialized FileDescriptorProto of a file and everything it imports; nil if unknown.
  public func file(named name: String) -> [SerializedFile]? {
    guard files[name] != nil else { return nil }
    var seen: Set<String> = []
    var result: [Data] = []
    var pending = [name]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted, let file = files[next] else { continue }
      result.append(file.bytes)
      pending += file.imports
    }
    return result
  }

  /// As ``file(named:)`` for the file that defines a service, method, message or enum.
  public func file(containing symbol: String) -> [SerializedFile]? {
    fileOfSymbol[symbol].flatMap(file(named:))
  }

  private static func add(
    _ message: Google_Protobuf_DescriptorProto, in scope: String, file: String,
    to symbols: inout [String: String]
  ) {
    let name = "\(scope).\(message.name)"
    symbols[name] = file
    for nested in message.nestedType { add(nested, in: name, file: file, to: &symbols) }
    for enumeration in message.enumType { symbols["\(name).\(enumeration.name)"] = file }
  }
}
