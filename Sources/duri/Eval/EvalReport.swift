import Duri
import Foundation
import Retrieval

/// What an evaluation found, for people, for programs and as a picture.
struct EvalReport: Encodable {
  /// The model measured.
  struct Model: Encodable {
    var name: String
    var fingerprint: String
    var precision: String
    var dimension: Int

    init(_ model: EmbeddingModel) {
      name = model.contract.name
      fingerprint = model.fingerprint
      precision = model.precision.rawValue
      dimension = model.contract.dimension
    }
  }

  /// One line of the table.
  struct Row: Encodable {
    var name: String
    /// Queries or pairs measured.
    var items: Int
    /// Documents searched; nil where there are none.
    var documents: Int?
    var measures: [Measure]
  }

  struct Measure: Encodable {
    var name: String
    var estimate: Estimate

    init(_ name: String, _ estimate: Estimate) {
      self.name = name
      self.estimate = estimate
    }

    private enum Keys: CodingKey { case name, value, low, high }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Keys.self)
      try container.encode(name, forKey: .name)
      // A number that is none is null: JSON has no other word for it.
      try container.encode(estimate.value.isNaN ? nil : estimate.value, forKey: .value)
      try container.encode(estimate.low.isNaN ? nil : estimate.low, forKey: .low)
      try container.encode(estimate.high.isNaN ? nil : estimate.high, forKey: .high)
    }
  }

  var task: String
  /// The files measured on.
  var data: [String]
  /// nil where none was needed.
  var model: Model?
  /// How documents were found: vector, text or hybrid.
  var mode: String?
  /// Name of the cross-encoder.
  var reranker: String?
  /// Texts embedded, and those of them that were longer than the model reads.
  var texts = 0
  var truncated = 0
  var rows: [Row] = []

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  var text: String {
    var lines: [String] = []
    if let model {
      lines.append("\(model.name) (\(model.fingerprint)), \(model.precision), \(model.dimension) dimensions")
    }
    if let mode { lines.append("mode \(mode)" + (reranker.map { ", reranked by \($0)" } ?? "")) }
    if truncated > 0 { lines.append("\(truncated) of \(texts) texts were cut at the model's length") }
    for row in rows {
      let documents = row.documents.map { ", \($0) documents" } ?? ""
      lines.append("")
      lines.append("\(row.name)  (\(row.items) \(task == "retrieval" ? "queries" : "pairs")\(documents))")
      for measure in row.measures {
        let estimate = measure.estimate
        let name = measure.name.padding(toLength: 14, withPad: " ", startingAt: 0)
        lines.append(
          "  \(name) \(Self.number(estimate.value))   95 % \(Self.number(estimate.low)) … "
            + Self.number(estimate.high))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String { String(format: "%7.4f", value) }

  var chart: BarChart {
    BarChart(
      title: "duri eval \(task)" + (model.map { ": \($0.name), \($0.precision)" } ?? ""),
      groups: rows.map { row in
        BarChart.Group(
          name: "\(row.name) (\(row.items))",
          bars: row.measures.filter { $0.estimate.value.isFinite }.map {
            BarChart.Bar(
              name: $0.name, value: $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
          })
      })
  }
}
