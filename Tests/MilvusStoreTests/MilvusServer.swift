import Foundation
import Testing

/// The Milvus server that tests may use: `DURI_TEST_MILVUS=milvus://127.0.0.1:19530`.
///
/// They make collections of their own names and drop them. Milvus Lite does:
/// `milvus-lite server --data-dir DIRECTORY --host 127.0.0.1 --port 19530`.
enum MilvusServer {
  static let url = ProcessInfo.processInfo.environment["DURI_TEST_MILVUS"]

  static let isThere = ConditionTrait.enabled(
    if: url != nil, "DURI_TEST_MILVUS names no Milvus server (milvus://host:port)")
}
