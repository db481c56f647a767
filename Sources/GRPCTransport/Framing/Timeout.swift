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

/// Writes a `grpc-timeout` value of at most 8 digits, rounded up so that a deadline never shrinks to nothing.
func formatTimeout(_ timeout: Duration) -> String {
  let (seconds, attoseconds) = timeout.components
  if seconds < 0 || attoseconds < 0 { return "0n" }
  if seconds < 10_000 {
    let microseconds = seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    return microseconds < 100_000_000 ? "\(microseconds)u" : "\((microseconds + 999) / 1_000)m"
  }
  return seconds < 100_000_000 ? "\(seconds)S" : "\(min(seconds / 3_600, 99_999_999))H"
}
