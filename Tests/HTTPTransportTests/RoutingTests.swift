import HTTPTypes
import HummingbirdCore
import NIOCore
import Service
import TestSupport
import Testing

@testable import HTTPTransport

@Suite struct RoutingTests {
  private func table(_ routes: [(HTTPRequest.Method, String)]) -> RouteTable {
    var table = RouteTable()
    for (method, path) in routes {
      table.add(method, path) { _ in
        Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: path)))
      }
    }
    return table
  }

  private func found(_ match: RouteTable.Match) -> [String: String]? {
    if case .found(_, let parameters) = match { parameters } else { nil }
  }

  private func others(_ match: RouteTable.Match) -> [HTTPRequest.Method]? {
    if case .otherMethods(let methods) = match { methods } else { nil }
  }

  @Test func partsInBracesTakeOnePartDecoded() {
    let table = table([(.get, "/c/{name}/d/{id}")])
    #expect(found(table.match(.get, path: "/c/a/d/%ED%95%9C%2F1")) == ["name": "a", "id": "한/1"])
    #expect(found(table.match(.get, path: "/c/a/d/")) == nil)
    #expect(found(table.match(.get, path: "/c/a/d/1/2")) == nil)
    #expect(found(table.match(.get, path: "/c/a/d/%FF")) == nil)
    #expect(found(table.match(.get, path: "c/a/d/1")) == nil)
    #expect(found(table.match(.get, path: "")) == nil)
  }

  @Test func aLiteralPartIsPreferred() {
    let table = table([(.post, "/d/{id}"), (.post, "/d/delete"), (.get, "/d/{id}")])
    #expect(found(table.match(.post, path: "/d/delete")) == [:])
    #expect(found(table.match(.post, path: "/d/x")) == ["id": "x"])
    #expect(found(table.match(.get, path: "/d/delete")) == ["id": "delete"])
  }

  @Test func anotherMethodIsToldApartFromAnotherPath() {
    let table = table([(.get, "/a"), (.post, "/a")])
    #expect(others(table.match(.delete, path: "/a")) == [.get, .post, .head, .options])
    #expect(found(table.match(.head, path: "/a")) != nil)
    #expect(others(table.match(.delete, path: "/b")) == nil)
    #expect(table.methods(path: "/a") == [.get, .post, .head, .options])
    #expect(table.methods(path: "/b").isEmpty)
  }

  @Test func aQueryIsReadStrictly() throws {
    let fields = try QueryFields("a=%ED%95%9C+1&b=7&c=true&d", known: ["a", "b", "c", "d"])
    #expect(fields.text("a") == "한 1")
    #expect(try fields.number("b") == 7)
    #expect(try fields.flag("c"))
    #expect(fields.text("d") == "" && fields.text("e") == "")
    for text in ["x=1", "a=1&a=2", "a=%FF", "%=1"] {
      #expect(throws: ServiceError.self, "\(text)") { try QueryFields(text, known: ["a"]) }
    }
    #expect(throws: ServiceError.self) { try QueryFields("b=x", known: ["b"]).number("b") }
    #expect(throws: ServiceError.self) { try QueryFields("c=1", known: ["c"]).flag("c") }
  }
}

@Suite struct HostCheckTests {
  @Test func aLoopbackListenerKnowsItsNames() {
    let check = HostCheck(HTTPConfiguration())
    for name in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:8080"] {
      #expect(check.allows(name), "\(name)")
    }
    for name in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[::1", "::1"] {
      #expect(!check.allows(name), "\(name)")
    }
    #expect(!check.allows(nil))
  }

  @Test func namesCanBeAdded() {
    var configuration = HTTPConfiguration()
    configuration.hostNames = ["Duri.Example"]
    #expect(HostCheck(configuration).allows("duri.example:8080"))
    configuration.host = "0.0.0.0"
    #expect(HostCheck(configuration).allows("duri.example"))
    #expect(!HostCheck(configuration).allows("evil.example"))
    configuration.hostNames = []
    #expect(HostCheck(configuration).allows("anything"))
  }
}

@Suite struct ConnectionClockTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
  private var limits: ConnectionClock.Limits {
    var configuration = HTTPConfiguration()
    configuration.headTimeout = .seconds(1)
    configuration.idleTimeout = .seconds(2)
    configuration.bodyTimeout = .seconds(3)
    configuration.streamTimeout = .seconds(4)
    configuration.lingerTimeout = .seconds(5)
    return ConnectionClock.Limits(configuration)
  }

  private func at(_ second: Int64) -> NIODeadline { Self.start + .seconds(second) }

  @Test func eachPhaseHasItsLimit() {
    var clock = ConnectionClock(limits: limits, now: at(0))
    #expect(clock.deadline(streamed: false) == at(1) && clock.expiry == .close)
    clock.headArrived(now: at(10))
    #expect(clock.deadline(streamed: false) == at(13) && clock.expiry == .failBody)
    clock.bodyArrived()
    #expect(clock.deadline(streamed: false) == at(13))
    clock.requestEnded()
    #expect(clock.deadline(streamed: false) == nil)
    clock.answered(now: at(20))
    #expect(clock.isSending && clock.deadline(streamed: false) == nil)
    clock.sent(now: at(25))
    #expect(clock.deadline(streamed: false) == at(27) && clock.expiry == .close)
    clock.lingers(now: at(30))
    #expect(clock.deadline(streamed: false) == at(35) && clock.expiry == .close)
  }

  @Test func aStreamedBodyIsWaitedForOnlyWhileItIsWanted() {
    var clock = ConnectionClock(limits: limits, now: at(0))
    clock.headArrived(now: at(10))
    #expect(clock.deadline(streamed: true) == nil)
    clock.asked(now: at(100))
    clock.asked(now: at(101))
    #expect(clock.deadline(streamed: true) == at(104))
    clock.bodyArrived()
    #expect(clock.deadline(streamed: true) == nil)
  }

  @Test func aRequestBehindAnotherIsNotBlamed() {
    var clock = ConnectionClock(limits: limits, now: at(0))
    clock.headArrived(now: at(1))
    clock.requestEnded()
    clock.headArrived(now: at(2))
    #expect(clock.deadline(streamed: false) == nil)
    clock.answered(now: at(50))
    #expect(clock.deadline(streamed: false) == at(53))
    // How fast the client takes the first answer does not give it more time for the second request.
    clock.sent(now: at(52))
    #expect(clock.deadline(streamed: false) == at(53))
  }
}

@Suite struct AnswerPartsTests {
  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
  ])
  func timeIsWrittenAsHTTPWantsIt(_ second: Int, _ expected: String) {
    #expect(DateHeader.text(second) == expected)
  }

  @Test func retryHintsAreWholeSecondsInTheHeader() {
    let fault = HTTPFault(ServiceError(.resourceExhausted, "full", retryAfter: .milliseconds(1_200)))
    #expect(fault.status.code == 429)
    #expect(fault.fields[.retryAfter] == "2")
    #expect(String(buffer: fault.body).contains("\"retry_after_ms\":1200"))
    #expect(HTTPFault(ServiceError(.notFound, "x")).fields[.retryAfter] == nil)
  }

  @Test func anErrorNobodyForesawTellsNothing() {
    struct Secret: Error, CustomStringConvertible { var description: String { "secret" } }
    let fault = HTTPFault(any: Secret())
    #expect(fault.status.code == 500 && fault.code == "INTERNAL")
    #expect(!fault.message.contains("secret"))
  }

  @Test func bodiesAreCountedTogether() {
    let budget = BodyBudget(maximum: 10)
    #expect(budget.take(6))
    #expect(!budget.take(5))
    budget.release(6)
    #expect(budget.take(10))
  }

  @Test func resourcesAreFoundFromTheProgram() {
    let root = Repository.url("").path
    #expect(
      Resources.directory(environment: [:], executable: root + "/anywhere/bin/duri")?
        .hasSuffix("Sources/HTTPTransport/Resources") == true)
    #expect(Resources.directory(environment: [Resources.variable: "/nowhere"], executable: "/x") == nil)
    #expect(Resources.directory(environment: [:], executable: "/nowhere/duri") == nil)
  }
}
