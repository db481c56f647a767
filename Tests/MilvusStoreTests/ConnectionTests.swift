import Foundation
import GRPCTransport
import Retrieval
import StoreTestSupport
import SwiftProtobuf
import Synchronization
import Testing

@testable import MilvusStore

@Suite struct ConnectionTests {
  @Test func addressesAreRead() throws {
    let plain = try MilvusAddress("milvus://localhost")
    #expect(plain.host == "localhost" && plain.port == 19_530 && plain.database == "")
    #expect(plain.authorization == nil)
    let full = try MilvusAddress("milvus://root:a%3Ab@[::1]:1234/db_1")
    #expect(full.host == "::1" && full.port == 1234 && full.database == "db_1")
    #expect(full.authorization == Data("root:a:b".utf8).base64EncodedString())
    #expect("\(full)" == "[::1]:1234/db_1")
    #expect(
      try MilvusAddress("MILVUS://token@h:1/").authorization == Data("token".utf8).base64EncodedString())
  }

  @Test(arguments: [
    "", "localhost:19530", "http://localhost:19530", "milvus://", "milvus://:19530", "milvus://h:0",
    "milvus://h:70000", "milvus://h/a/b", "milvus://h/a%20b", "milvus://secret:pw@h?x=1", "milvus://h#x",
  ])
  func wrongAddressesAreRefused(_ text: String) throws {
    do throws(RetrievalError) {
      _ = try MilvusAddress(text)
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.code == .invalidArgument)
      #expect(!error.message.contains("secret") && !error.message.contains("pw@"))
    }
  }

  @Test func noServerIsNamed() async throws {
    // Port 1 of the loopback interface: nothing listens there.
    do throws(RetrievalError) {
      _ = try await MilvusStore.open("milvus://user:secret@127.0.0.1:1")
      Issue.record("something answered")
    } catch {
      #expect(error.code == .storage)
      #expect(error.message.contains("127.0.0.1:1") && !error.message.contains("secret"))
    }
  }

  @Test func anotherServerIsNoMilvus() async throws {
    try await withServer([:]) { address, _ in
      let code = await storeErrorCode { () throws(RetrievalError) in
        try await MilvusStore.open("milvus://\(address)")
      }
      #expect(code == .storage)
    }
  }

  @Test func refusedUserIsTold() async throws {
    let answers: [String: Answer] = [
      "ShowCollections": { _ in .failure(GRPCError(.unauthenticated, "auth check failure")) }
    ]
    try await withServer(answers) { address, headers in
      for user in ["", "me:secret@"] {
        do throws(RetrievalError) {
          _ = try await MilvusStore.open("milvus://\(user)\(address)")
          Issue.record("opened")
        } catch {
          #expect(error.code == .storage)
          #expect(error.message.contains(address) && !error.message.contains("secret"))
        }
      }
      #expect(headers() == [nil, Data("me:secret".utf8).base64EncodedString()])
    }
  }

  /// Calls that leave the same behind when made twice are made again; others are not.
  @Test func repeatableCallsAreRepeated() async throws {
    let calls = Counter()
    @Sendable func failing(_ method: String, times: Int, _ reply: any Message) -> Answer {
      { _ in
        calls.add(method) <= times
          ? .failure(GRPCError(.unavailable, "not now"))
          : .success((try? reply.serializedBytes()) ?? [])
      }
    }
    var absent = Milvus_Proto_Milvus_DescribeCollectionResponse()
    absent.status.code = 100
    let answers: [String: Answer] = [
      "ShowCollections": failing("ShowCollections", times: 0, Milvus_Proto_Milvus_ShowCollectionsResponse()),
      "DescribeCollection": failing("DescribeCollection", times: 3, absent),
      "CreateCollection": failing("CreateCollection", times: 9, Milvus_Proto_Common_Status()),
      "DropCollection": failing("DropCollection", times: 0, Milvus_Proto_Common_Status()),
    ]
    try await withServer(answers) { address, _ in
      let store = try await MilvusStore.open("milvus://\(address)")
      #expect(calls.of("ShowCollections") == 1)
      let code = await storeErrorCode { () throws(RetrievalError) in
        try await store.createCollection("c", contract: StoreSample.contract)
      }
      #expect(code == .storage)
      #expect(calls.of("DescribeCollection") == 4)
      #expect(calls.of("CreateCollection") == 1)
      await store.close()
    }
  }

  @Test func namesAreMappedThereAndBack() throws {
    for name in ["a", "0", "a-b", "a_b", "a__h-_", "A-", "hh", "h_h-h", String(repeating: "x", count: 128)] {
      let encoded = try CollectionName.encode(name)
      #expect(CollectionName.decode(encoded) == name)
      #expect(encoded.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isalnum(Int32($0)) != 0 })
    }
    #expect(throws: RetrievalError.self) {
      try CollectionName.encode("a" + String(repeating: "-", count: 127))
    }
    for foreign in ["", "other", "duri_a_b", "duri_a_"] { #expect(CollectionName.decode(foreign) == nil) }
  }
}

/// Calls by method.
private final class Counter: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  /// - Returns: the calls with this one.
  func add(_ method: String) -> Int {
    counts.withLock { counts in
      counts[method, default: 0] += 1
      return counts[method] ?? 0
    }
  }

  func of(_ method: String) -> Int { counts.withLock { $0[method] ?? 0 } }
}
