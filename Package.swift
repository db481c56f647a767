// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in CI only: a new compiler's new warning must not stop a user's build.
let isCI = Context.environment["CI"] != nil

/// The one place where language mode and warnings are decided; every Swift target uses it.
let swiftSettings: [SwiftSetting] =
  [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
  + (isCI ? [.treatAllWarnings(as: .error)] : [])

// MARK: - What others may use

let products: [Product] = [
  .executable(name: "duri", targets: ["duri"]),
  .library(name: "Duri", targets: ["Duri"]),
  .library(name: "DuriClient", targets: ["DuriClient"]),
]

// MARK: - What we use

let dependencies: [Package.Dependency] = [
  .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  // The words of Hummingbird's interface: header fields, methods, and a request's parts.
  .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
  .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
  .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  // HTTP/1.1 with back-pressure both ways and a graceful end; kept by Adam Fowler and Joannis Orlandos.
  .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
  // SQLite with migrations, WAL pools and checked statements instead of the C interface; kept by Gwendal Roué.
  .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  // Latency percentiles of the benchmarks, to HdrHistogram's own definition; kept by the HdrHistogram authors.
  .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let heapModule = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let dequeModule = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let swiftProtobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let serviceLifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")

// MARK: - C and C++

let cTargets: [Target] = [
  // The installed HTTP/2 library.
  .systemLibrary(
    name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
  // The installed BLAS.
  .systemLibrary(
    name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  // The installed inflate/deflate, for gzip-compressed messages.
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  // C face of the installed C++ SentencePiece library.
  .target(
    name: "CSentencePiece",
    linkerSettings: [.linkedLibrary("sentencepiece")]),
  // Row-wise loops of the encoder, one naive reference per kernel.
  .target(name: "CKernels"),
]

// MARK: - Swift

let swiftTargets: [Target] = [
  // Opens a model folder and describes its contract.
  .target(name: "ModelFiles", swiftSettings: swiftSettings),
  // Text to ids, offsets and a receipt.
  .target(
    name: "Tokenization", dependencies: ["CSentencePiece", "ModelFiles"],
    swiftSettings: swiftSettings),
  // Packed ids to pooled vectors.
  .target(
    name: "Encoder", dependencies: ["CKernels", "COpenBLAS", "ModelFiles"], exclude: ["SPEED.md"],
    swiftSettings: swiftSettings),
  // Admission, batching, workers.
  .target(
    name: "EmbeddingEngine", dependencies: ["Tokenization", "Encoder", "ModelFiles", heapModule],
    swiftSettings: swiftSettings),
  // Documents and vectors: stores, search, fusion, mining, evaluation.
  .target(
    name: "Retrieval", dependencies: ["CKernels", "COpenBLAS", grdb], exclude: ["SPEED.md"],
    swiftSettings: swiftSettings),
  // Articles and questions in Korean and English, to try and to measure with.
  .target(
    name: "DemoCorpus", resources: [.copy("Resources")], swiftSettings: swiftSettings),
  // Validation, limits, roles: operations without a transport.
  .target(
    name: "Service", dependencies: ["EmbeddingEngine", "Retrieval", "Tokenization", "ModelFiles"],
    swiftSettings: swiftSettings),
  // Protobuf bodies to Service values and back.
  .target(
    name: "WireFormats",
    dependencies: [
      "Service", "EmbeddingEngine", "Retrieval", "Tokenization", "ModelFiles", swiftProtobuf,
    ],
    swiftSettings: swiftSettings),
  // HTTP/2 session without I/O.
  .target(name: "HTTP2", dependencies: ["CNghttp2"], swiftSettings: swiftSettings),
  // gRPC over SwiftNIO sockets, server and client.
  .target(
    name: "GRPCTransport",
    dependencies: ["HTTP2", "CZlib", nioCore, nioPosix, dequeModule, logging],
    swiftSettings: swiftSettings),
  // JSON over HTTP/1.1, its description, the web page.
  .target(
    name: "HTTPTransport",
    dependencies: [
      "WireFormats", "Service", "Retrieval", hummingbirdCore, httpTypes, nioCore, nioHTTP1,
      nioHTTPTypes, serviceLifecycle, logging,
    ],
    resources: [.copy("Resources")], swiftSettings: swiftSettings),
  // Collections on a Milvus server.
  .target(
    name: "MilvusStore", dependencies: ["Retrieval", "GRPCTransport", nioPosix, swiftProtobuf],
    swiftSettings: swiftSettings),
  // The composition root.
  .target(
    name: "DuriServer",
    dependencies: [
      "GRPCTransport", "HTTPTransport", "MilvusStore", "WireFormats", "Service", "EmbeddingEngine", "Retrieval", "Encoder",
      "ModelFiles", "Duri", logging, nioCore, nioPosix, serviceLifecycle, swiftProtobuf,
    ],
    swiftSettings: swiftSettings),
  // Swift client of the gRPC interface.
  .target(
    name: "DuriClient", dependencies: ["GRPCTransport", "WireFormats", nioPosix, swiftProtobuf],
    swiftSettings: swiftSettings),
  // Embedding inside the caller's own process.
  .target(
    name: "Duri", dependencies: ["Service", "EmbeddingEngine", "Encoder", "ModelFiles"],
    swiftSettings: swiftSettings),
  // The command line.
  .executableTarget(
    name: "duri",
    dependencies: [
      "DuriServer", "DuriClient", "Duri", "GRPCTransport", "HTTPTransport", "WireFormats", "Service",
      "EmbeddingEngine", "Retrieval", "DemoCorpus", "Encoder", "Tokenization", "ModelFiles",
      argumentParser, logging, histogram,
    ],
    swiftSettings: swiftSettings),
]

// MARK: - Tests

/// A target's own tests live in `Tests/<Target>Tests`.
func tests(
  _ target: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "\(target)Tests", dependencies: [.byName(name: target)] + dependencies,
    exclude: exclude, swiftSettings: swiftSettings)
}

let testTargets: [Target] = [
  // Stand-ins shared by several targets' tests.
  .target(
    name: "TestSupport", dependencies: ["EmbeddingEngine", "Encoder", "Tokenization", "ModelFiles"],
    path: "Tests/TestSupport", swiftSettings: swiftSettings),
  // What every store does, for the tests of each.
  .target(
    name: "StoreTestSupport", dependencies: ["Retrieval"], path: "Tests/StoreTestSupport",
    swiftSettings: swiftSettings),
  tests(
    "MilvusStore", ["StoreTestSupport", "Retrieval", "GRPCTransport", nioPosix, logging, swiftProtobuf]),
  tests("ModelFiles", []),
  tests("Tokenization", ["CSentencePiece", "ModelFiles"]),
  tests("Encoder", ["CKernels", "COpenBLAS", "ModelFiles"]),
  tests("EmbeddingEngine", ["Encoder", "Tokenization", "ModelFiles"]),
  // Killed at random by the store's tests, which then open what it left behind. The tests find the program beside
  // themselves: a test target that depends on a program makes SwiftPM build every program of every package.
  .executableTarget(
    name: "StoreCrashWriter", dependencies: ["StoreCrashDocuments", "Retrieval"],
    path: "Tests/StoreCrashWriter", swiftSettings: swiftSettings),
  .target(
    name: "StoreCrashDocuments", dependencies: ["Retrieval"], path: "Tests/StoreCrashDocuments",
    swiftSettings: swiftSettings),
  tests("Retrieval", ["StoreTestSupport", "StoreCrashDocuments", "CKernels", grdb]),
  tests("Service", ["TestSupport", "EmbeddingEngine", "Encoder", "Tokenization", "ModelFiles"]),
  tests(
    "WireFormats",
    ["TestSupport", "Service", "EmbeddingEngine", "Tokenization", "ModelFiles", swiftProtobuf]),
  tests("HTTP2", ["CNghttp2"], exclude: ["Recordings"]),
  tests(
    "HTTPTransport",
    [
      "TestSupport", "WireFormats", "Service", "Retrieval", "EmbeddingEngine", "Tokenization",
      "ModelFiles", hummingbirdCore, httpTypes, nioCore, nioPosix, serviceLifecycle, logging,
    ]),
  tests("GRPCTransport", ["HTTP2", "CZlib", nioCore, nioPosix, nioEmbedded, logging]),
  tests(
    "DuriServer",
    [
      "TestSupport", "DuriClient", "Duri", "GRPCTransport", "WireFormats", "Service",
      "EmbeddingEngine", "Encoder", "Tokenization", "ModelFiles", nioPosix, logging,
    ]),
  tests("Duri", ["Service", "ModelFiles"]),
  tests("duri", ["TestSupport", "EmbeddingEngine", "Encoder", "Tokenization", "ModelFiles"]),
]

let package = Package(
  name: "duri", products: products, dependencies: dependencies,
  targets: cTargets + swiftTargets + testTargets, cxxLanguageStandard: .cxx17)
