import Foundation

/// Groups of bars with intervals, as an SVG picture. The axis is 0…1, or -1…1 where a number is negative.
struct BarChart {
  struct Bar {
    /// The same name is the same colour in every group.
    var name: String
    var value: Double
    var low: Double
    var high: Double
  }

  struct Group {
    var name: String
    var bars: [Bar]
  }

  var title: String
  var groups: [Group]

  private static let barWidth = 26.0, gap = 30.0, left = 48.0, top = 64.0, height = 280.0
  /// Okabe and Ito's colours, told apart by colour-blind eyes too.
  private static let colours = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"]

  private var names: [String] {
    var names: [String] = []
    for bar in groups.flatMap(\.bars) where !names.contains(bar.name) { names.append(bar.name) }
    return names
  }

  private var floor: Double { groups.flatMap(\.bars).contains { min($0.value, $0.low) < 0 } ? -1 : 0 }

  var svg: String {
    let widths = groups.map { max(Double($0.bars.count) * Self.barWidth, 7 * Double($0.name.count)) }
    let legend = names.reduce(0.0) { $0 + 30 + 8 * Double($1.count) }
    let width = max(
      Self.left + widths.reduce(0) { $0 + $1 + Self.gap } + Self.gap, Self.left + legend,
      Self.left + 9 * Double(title.count))
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.digits(width))" height="420" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Self.digits(Self.left))" y="24" font-size="16">\(Self.escaped(title))</text>
      """
    ]
    parts += axis(width: width)
    var x = Self.left + Self.gap
    for (group, wide) in zip(groups, widths) {
      let inner = Double(group.bars.count) * Self.barWidth
      for (index, bar) in group.bars.enumerated() {
        parts += drawn(bar, x: x + (wide - inner) / 2 + Double(index) * Self.barWidth)
      }
      parts.append(
        """
        <text x="\(Self.digits(x + wide / 2))" y="\(Self.digits(Self.top + Self.height + 20))" \
        text-anchor="middle">\(Self.escaped(group.name))</text>
        """)
      x += wide + Self.gap
    }
    parts += legendParts()
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  // MARK: Parts

  private func y(_ value: Double) -> Double {
    Self.top + (1 - min(max(value, floor), 1)) / (1 - floor) * Self.height
  }

  private func axis(width: Double) -> [String] {
    stride(from: floor, through: 1.001, by: floor < 0 ? 0.5 : 0.2).map { value in
      let y = Self.digits(y(value))
      return """
        <line x1="\(Self.digits(Self.left))" x2="\(Self.digits(width - 10))" y1="\(y)" y2="\(y)" \
        stroke="#ccc"/><text x="\(Self.digits(Self.left - 6))" y="\(y)" text-anchor="end" \
        dominant-baseline="middle">\(String(format: "%.1f", value))</text>
        """
    }
  }

  private func drawn(_ bar: Bar, x: Double) -> [String] {
    let colour = Self.colours[(names.firstIndex(of: bar.name) ?? 0) % Self.colours.count]
    let upper = y(max(bar.value, 0)), lower = y(min(bar.value, 0))
    let middle = Self.digits(x + Self.barWidth / 2 - 2)
    return [
      """
      <rect x="\(Self.digits(x))" y="\(Self.digits(upper))" width="\(Self.digits(Self.barWidth - 4))" \
      height="\(Self.digits(lower - upper))" fill="\(colour)"><title>\(Self.escaped(bar.name)) \
      \(String(format: "%.4f", bar.value)) (\(String(format: "%.4f … %.4f", bar.low, bar.high)))\
      </title></rect>
      """,
      """
      <line x1="\(middle)" x2="\(middle)" y1="\(Self.digits(y(bar.low)))" \
      y2="\(Self.digits(y(bar.high)))" stroke="black" stroke-width="1.5"/>
      """,
    ]
  }

  private func legendParts() -> [String] {
    var x = Self.left
    return names.enumerated().map { index, name in
      defer { x += 30 + 8 * Double(name.count) }
      return """
        <rect x="\(Self.digits(x))" y="38" width="12" height="12" \
        fill="\(Self.colours[index % Self.colours.count])"/>\
        <text x="\(Self.digits(x + 16))" y="48">\(Self.escaped(name))</text>
        """
    }
  }

  private static func digits(_ value: Double) -> String { String(format: "%.1f", value) }

  /// Text that stands for itself in XML; control characters, which XML forbids, are left out.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 32 || (0xFFFE...0xFFFF).contains(scalar.value): continue
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
