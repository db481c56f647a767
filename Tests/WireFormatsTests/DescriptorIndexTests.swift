import Foundation
import SwiftProtobuf
import TestSupport
import Testing

@testable import WireFormats

@Suite struct DescriptorIndexTests {
  private let index: DescriptorIndex

  init() throws { index = try DescriptorIndex() }

  private func names(_ files: [Data]?) throws -> [String]? {
    try files?.map { try Google_Protobuf_FileDescriptorProto(serializedBytes: $0).name }
  }

  @Test func servicesAreSortedFullNames() {
    #expect(
      index.services.filter { $0.hasPrefix("duri.") || $0.hasPrefix("grpc.") } == [
        "duri.v1.Embeddings", "duri.v1.Reranking", "duri.v1.Retrieval", "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
      ])
    #expect(index.services == index.services.sorted())
  }

  @Test(arguments: [
    ("duri.v1.Embeddings", "duri/v1/embeddings.proto"),
    ("duri.v1.Embeddings.Embed", "duri/v1/embeddings.proto"),
    ("duri.v1.Embeddings.EmbedStream", "duri/v1/embeddings.proto"),
    ("duri.v1.EmbedRequest", "duri/v1/embeddings.proto"),
    ("duri.v1.Role", "duri/v1/embeddings.proto"),
    ("grpc.health.v1.Health.Watch", "grpc/health/v1/health.proto"),
    // An enum inside a message.
    ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
    ("grpc.reflection.v1.ServerReflectionRequest", "grpc/reflection/v1/reflection.proto"),
    ("grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"),
  ])
  func symbolsLeadToTheirFile(symbol: String, file: String) throws {
    #expect(try names(index.file(containing: symbol))?.first == file)
  }

  @Test(arguments: [
    "", ".", "duri.v1", "Embeddings", ".duri.v1.Embeddings", "duri.v1.Embeddings.", "duri.v1.embeddings",
    "duri.v1.Embeddings.Nothing", "duri.v2.Embeddings",
  ])
  func unknownSymbolsAreNil(symbol: String) {
    #expect(index.file(containing: symbol) == nil)
    #expect(index.file(named: symbol) == nil)
  }

  @Test func filesAreKnownByThePathTheyAreImportedUnder() throws {
    #expect(
      try names(index.file(named: "grpc/health/v1/health.proto")) == ["grpc/health/v1/health.proto"])
    #expect(index.file(named: "health.proto") == nil)
  }

  /// A reflection client builds its pool from one answer, so every import must be in it, once.
  @Test func aFileComesWithEverythingItImports() throws {
    // top imports left and right, which both import bottom; "absent" is known to nobody.
    let imports = [
      "top": ["left", "right"], "left": ["bottom"], "right": ["bottom", "absent"], "bottom": [],
      "other": [],
    ]
    var set = Google_Protobuf_FileDescriptorSet()
    set.file = imports.map { name, dependencies in
      var file = Google_Protobuf_FileDescriptorProto()
      file.name = name
      file.package = "p"
      file.dependency = dependencies
      var message = Google_Protobuf_DescriptorProto()
      message.name = "In_\(name)"
      file.messageType = [message]
      return file
    }
    let index = try DescriptorIndex(set)
    let answer = try #require(try names(index.file(containing: "p.In_top")))
    #expect(answer.first == "top")
    #expect(answer.sorted() == ["bottom", "left", "right", "top"])
    #expect(try names(index.file(named: "left")) == ["left", "bottom"])
    #expect(try names(index.file(named: "other")) == ["other"])
  }

  // MARK: - The .proto files themselves

  /// Paths of all .proto files of services we serve, relative to `Protocols/`.
  private static func protoFiles() throws -> [String] {
    let folder = Repository.url("Protocols").resolvingSymlinksInPath()
    let found = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".proto") && !$0.hasPrefix("milvus/") }
    return found.sorted()
  }

  /// Everything a .proto file defines, by full name: found by reading its text, so that a file that
  /// was changed without running `Protocols/generate` is noticed.
  private struct Outline {
    var types: Set<String> = []
    var services: Set<String> = []
    var methods: Set<String> = []
    /// "package.Message.field = number" and "package.Enum.VALUE = number".
    var numbers: Set<String> = []

    init(text: String) throws {
      let comments = try Regex(#"//[^\n]*|/\*[\s\S]*?\*/|"[^"\n]*""#)
      let tokens = try Regex(#"[A-Za-z_][\w.]*|-?\d+|[{}=;<>,()\[\]]"#)
      let words = text.replacing(comments, with: " ").matches(of: tokens).map { String($0.0) }
      var scope: [(kind: String, name: String)] = []
      var package = ""
      var statement: [String] = []
      for word in words {
        switch word {
        case "{":
          let kind = statement.first ?? "", name = statement.dropFirst().first ?? ""
          scope.append((kind, name))
          let path = Self.path(package, scope)
          if kind == "message" || kind == "enum" { types.insert(path) }
          if kind == "service" { services.insert(path) }
          // A method with options ends in a block instead of a semicolon.
          if kind == "rpc" { methods.insert(path) }
          statement = []
        case "}":
          _ = scope.popLast()
          statement = []
        case ";":
          if statement.first == "package" { package = statement.last ?? "" }
          if statement.first == "rpc", statement.count > 1 {
            methods.insert("\(Self.path(package, scope)).\(statement[1])")
          }
          let isType = ["message", "enum", "oneof"].contains(scope.last?.kind)
          if isType, let equals = statement.firstIndex(of: "="), equals > 0, equals + 1 < statement.count,
            !["option", "reserved"].contains(statement[0])
          {
            let number = statement[equals + 1]
            numbers.insert("\(Self.path(package, scope)).\(statement[equals - 1]) = \(number)")
          }
          statement = []
        default: statement.append(word)
        }
      }
    }

    init(_ file: Google_Protobuf_FileDescriptorProto) {
      func add(_ message: Google_Protobuf_DescriptorProto, in scope: String) {
        let path = "\(scope).\(message.name)"
        // Entries of a map field are messages that no .proto file spells out.
        if message.options.mapEntry { return }
        types.insert(path)
        for field in message.field { numbers.insert("\(path).\(field.name) = \(field.number)") }
        for nested in message.nestedType { add(nested, in: path) }
        for nested in message.enumType { add(nested, in: path) }
      }
      func add(_ enumeration: Google_Protobuf_EnumDescriptorProto, in scope: String) {
        let path = "\(scope).\(enumeration.name)"
        types.insert(path)
        for value in enumeration.value { numbers.insert("\(path).\(value.name) = \(value.number)") }
      }
      for message in file.messageType { add(message, in: file.package) }
      for enumeration in file.enumType { add(enumeration, in: file.package) }
      for service in file.service {
        let path = "\(file.package).\(service.name)"
        services.insert(path)
        for method in service.method { methods.insert("\(path).\(method.name)") }
      }
    }

    /// The full name of a scope; a `oneof` gives its fields no name of its own.
    private static func path(_ package: String, _ scope: [(kind: String, name: String)]) -> String {
      ([package] + scope.filter { $0.kind != "oneof" }.map(\.name)).joined(separator: ".")
    }
  }

  @Test func theProtoFilesAreWhereTheyAreLookedFor() throws {
    #expect(try Self.protoFiles().contains("duri/v1/embeddings.proto"))
  }

  @Test func theIndexIsUpToDateWithTheProtoFiles() throws {
    for path in try Self.protoFiles() {
      let text = try String(contentsOf: Repository.url("Protocols/\(path)"), encoding: .utf8)
      let written = try Outline(text: text)
      let remedy: Comment = "\(path) was changed; run Protocols/generate"
      let files = try #require(index.file(named: path), remedy)
      let first = try #require(files.first)
      let generated = Outline(try Google_Protobuf_FileDescriptorProto(serializedBytes: first))
      #expect(written.services == generated.services, remedy)
      #expect(written.methods == generated.methods, remedy)
      #expect(written.types == generated.types, remedy)
      #expect(written.numbers == generated.numbers, remedy)
      for symbol in written.services.union(written.methods).union(written.types) {
        #expect(try names(index.file(containing: symbol))?.first == path, "\(symbol): \(remedy)")
      }
      #expect(written.services.isSubset(of: index.services))
    }
  }

  @Test func theReaderOfProtoFilesSeesWhatAFileDefines() throws {
    let outline = try Outline(
      text: """
        syntax = "proto3"; // message Commented { }
        package a.b;
        /* service Hidden {} */
        service S { option deprecated = true; rpc One(M) returns (stream M); rpc Two(M) returns (M) {} }
        message M {
          reserved 9, 10 to 12;
          enum Kind { KIND_NONE = 0; KIND_NEGATIVE = -1; }
          message Inner { map<string, int32> table = 4 [deprecated = true]; }
          oneof choice { string x = 1; Inner y = 2; }
          repeated .a.b.M.Inner many = 3;
        }
        """)
    #expect(outline.services == ["a.b.S"])
    #expect(outline.methods == ["a.b.S.One", "a.b.S.Two"])
    #expect(outline.types == ["a.b.M", "a.b.M.Kind", "a.b.M.Inner"])
    #expect(
      outline.numbers == [
        "a.b.M.Kind.KIND_NONE = 0", "a.b.M.Kind.KIND_NEGATIVE = -1", "a.b.M.Inner.table = 4",
        "a.b.M.x = 1", "a.b.M.y = 2", "a.b.M.many = 3",
      ])
  }

  /// The Swift code comes from the same run as the descriptors; a message of each file stands for it.
  @Test func theGeneratedCodeAgreesWithTheDescriptors() {
    #expect(index.file(containing: Duri_V1_EmbedRequest.protoMessageName) != nil)
    #expect(index.file(containing: Grpc_Health_V1_HealthCheckRequest.protoMessageName) != nil)
    #expect(
      index.file(containing: Grpc_Reflection_V1_ServerReflectionRequest.protoMessageName) != nil)
  }
}
