import Foundation
import Synchronization

/// The present time as HTTP writes it (RFC 9110 §5.6.7), written once a second.
final class DateHeader: Sendable {
  private let cached = Mutex<(second: Int, text: String)>((0, ""))

  var value: String {
    let second = Int(Date().timeIntervalSince1970)
    return cached.withLock { cached in
      if cached.second != second { cached = (second, Self.text(second)) }
      return cached.text
    }
  }

  static func text(_ second: Int) -> String {
    let parts = Calendar.utc.dateComponents(
      [.weekday, .day, .month, .year, .hour, .minute, .second],
      from: Date(timeIntervalSince1970: TimeInterval(second)))
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    func two(_ number: Int?) -> String {
      let number = number ?? 0
      return number < 10 ? "0\(number)" : "\(number)"
    }
    let day = days[((parts.weekday ?? 1) - 1) % 7], month = months[((parts.month ?? 1) - 1) % 12]
    return "\(day), \(two(parts.day)) \(month) \(parts.year ?? 1970) "
      + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) GMT"
  }
}

extension Calendar {
  fileprivate static let utc: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()
}
