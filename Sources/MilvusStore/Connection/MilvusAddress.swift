import Foundation
import Retrieval

/// Where a Milvus server is and how to enter it: `milvus://[user:password@]host[:port][/database]`, or a
/// token in place of user and password.
///
/// User, password and token are percent-encoded where they have `:`, `@` or `/`.
public struct MilvusAddress: Sendable, Equatable, CustomStringConvertible {
  /// A name or a number, without brackets.
  public let host: String
  public let port: Int
  /// Empty stands for the server's default database.
  public let database: String
  /// "user:password", or a token; nil where the server asks for none.
  let credentials: String?

  static let defaultPort = 19_530
  private static let form = "write milvus://host:port, or milvus://user:password@host:port/database"

  /// Reads an address.
  ///
  /// - Throws: `invalidArgument`; the message never has the text, which may hold a password.
  public init(_ text: String) throws(RetrievalError) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else {
      throw RetrievalError(.invalidArgument, "this is no address of a Milvus server: \(Self.form)")
    }
    guard scheme == "milvus" else {
      throw RetrievalError(
        .invalidArgument, "the address of a Milvus server begins with milvus://, not \(scheme):")
    }
    let host = (parts.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    guard !host.isEmpty, parts.query == nil, parts.fragment == nil else {
      throw RetrievalError(
        .invalidArgument, "the address of the Milvus server has no host, or a part too much: \(Self.form)")
    }
    let port = parts.port ?? Self.defaultPort
    guard (1...65_535).contains(port) else {
      throw RetrievalError(.invalidArgument, "port \(port) of the Milvus server is not within 1...65535")
    }
    let database = parts.path.hasPrefix("/") ? String(parts.path.dropFirst()) : parts.path
    guard database.utf8.allSatisfy({ Self.mayStandInNames($0) }) else {
      throw RetrievalError(
        .invalidArgument, "the database in the Milvus server's address is not of A-Z a-z 0-9 _: \(Self.form)")
    }
    self.host = host
    self.port = port
    self.database = database
    credentials = parts.user.map { user in parts.password.map { "\(user):\($0)" } ?? user }
  }

  private static func mayStandInNames(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// The value of the `authorization` header; nil where there are no credentials.
  var authorization: String? { credentials.map { Data($0.utf8).base64EncodedString() } }

  /// Host, port and database; never the credentials.
  public var description: String {
    let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    return database.isEmpty ? authority : "\(authority)/\(database)"
  }
}
