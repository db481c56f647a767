import Testing

@testable import GRPCTransport

struct TimeoutTests {
  @Test(
    arguments: [
      ("1H", .seconds(3_600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
      ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("0S", .zero), ("00000007S", .seconds(7)),
      ("99999999H", .seconds(99_999_999 * 3_600)), ("99999999n", .nanoseconds(99_999_999)),
    ] as [(String, Duration)])
  func reads(_ value: String, _ timeout: Duration) {
    #expect(parseTimeout(value) == timeout)
  }

  @Test(arguments: [
    "", "S", "1", "12", "1s", "1h", "1 S", " 1S", "1S ", "-1S", "+1S", "1.5S", "123456789S", "1SS",
    "٣S", "1ｓ", "0x1S",
  ])
  func refuses(_ value: String) {
    #expect(parseTimeout(value) == nil)
  }

  @Test(
    arguments: [
      (.zero, "0u"), (.nanoseconds(1), "1u"), (.microseconds(1), "1u"), (.nanoseconds(1_001), "2u"),
      (.milliseconds(1), "1000u"), (.seconds(1), "1000000u"), (.seconds(99), "99000000u"),
      (.microseconds(99_999_999), "99999999u"), (.seconds(100), "100000m"),
      (.seconds(99) + .nanoseconds(999_999_001), "100000m"),
      (.microseconds(100_000_001), "100001m"), (.milliseconds(99_999_999), "99999999m"),
      (.seconds(99_999) + .microseconds(999_001), "100000S"),
      (.seconds(100_000) + .nanoseconds(1), "100001S"), (.seconds(99_999_999), "99999999S"),
      (.seconds(100_000_000), "27778H"), (.seconds(100_000_800), "27778H"),
      (.seconds(100_000_800) + .nanoseconds(1), "27779H"), (.seconds(99_999_999 * 3_600 + 1), "99999999H"),
      (.seconds(Int64.max), "99999999H"), (.seconds(-1), "0n"), (.nanoseconds(-1), "0n"),
    ] as [(Duration, String)])
  func writesRoundedUp(_ timeout: Duration, _ value: String) {
    #expect(formatTimeout(timeout) == value)
  }

  @Test func whatIsWrittenReadsBackNoShorter() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let nanoseconds = Int64.random(in: 0...(Int64.max >> Int64.random(in: 0...62)), using: &generator)
      let timeout = Duration.nanoseconds(nanoseconds)
      let value = formatTimeout(timeout)
      let back = try #require(parseTimeout(value), "\(nanoseconds) ns gave \(value)")
      #expect(back >= timeout, "\(nanoseconds) ns gave \(value)")
      // At most one unit longer, and a unit is at most a thousandth of what does not fit the finer one.
      #expect(back <= timeout + timeout / 10_000 + .microseconds(1), "\(nanoseconds) ns gave \(value)")
    }
  }
}
