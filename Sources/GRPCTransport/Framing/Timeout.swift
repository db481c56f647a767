/// Reads the value of `grpc-timeout`: 1 to 8 digits and a unit of H, M, S, m (ms), u (µs) or n (ns).
///
/// - Returns: nil if the value is malformed.
func parseTimeout(_ value: String) -> Duration? {
  let bytes = Array(value.utf8)
  guard (2...9).contains(bytes.count), let unit = bytes.last else { return nil }
  var amount: Int64 = 0
  for byte in bytes.dropLast() {
    guard (0x30...0x39).contains(byte) else { return nil }
    amount = amount * 10 + Int64(byte - 0x30)
  }
  switch unit {
  case UInt8(ascii: "H"): return .seconds(amount * 3_600)
  case UInt8(ascii: "M"): return .seconds(amount * 60)
  case UInt8(ascii: "S"): return .seconds(amount)
  case UInt8(ascii: "m"): return .milliseconds(amount)
  case UInt8(ascii: "u"): return .microseconds(amount)
  case UInt8(ascii: "n"): return .nanoseconds(amount)
  default: return nil
  }
}

/// Writes a `grpc-timeout` value of at most 8 digits in the finest unit that holds it, rounded up so that a deadline
/// never shrinks. Negative times are written as none left, times beyond 99,999,999 hours as that many.
func formatTimeout(_ timeout: Duration) -> String {
  let (seconds, attoseconds) = timeout.components
  guard seconds >= 0, attoseconds >= 0 else { return "0n" }
  // Too large for 8 digits whatever the unit below; also keeps the products from overflowing.
  let fits: Int64 = 99_999_999
  if seconds <= fits / 1_000_000 {
    let microseconds = seconds * 1_000_000 + roundedUp(attoseconds, by: 1_000_000_000_000)
    if microseconds <= fits { return "\(microseconds)u" }
  }
  if seconds <= fits / 1_000 {
    let milliseconds = seconds * 1_000 + roundedUp(attoseconds, by: 1_000_000_000_000_000)
    if milliseconds <= fits { return "\(milliseconds)m" }
  }
  let whole = min(seconds, .max - 1) + (attoseconds > 0 ? 1 : 0)
  return whole <= fits ? "\(whole)S" : "\(min(roundedUp(whole, by: 3_600), fits))H"
}

/// `value / unit` for a value of 0 or more.
private func roundedUp(_ value: Int64, by unit: Int64) -> Int64 {
  value / unit + (value % unit > 0 ? 1 : 0)
}
