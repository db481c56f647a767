import ArgumentParser

/// What one repetition of an engine benchmark computes.
enum EngineWorkload: String, CaseIterable, ExpressibleByArgument {
  /// One text of 16 tokens: latency.
  case q16
  /// 32 texts of 128 tokens: throughput.
  case p128x32
  /// One text of 512 tokens.
  case p512
  /// 128 texts of mixed lengths.
  case mixed

  /// Tokens of each text, `<s>` and `</s>` included.
  var lengths: [Int] {
    switch self {
    case .q16: [16]
    case .p128x32: Array(repeating: 128, count: 32)
    case .p512: [512]
    case .mixed: Self.mixedLengths
    }
  }

  /// Drawn once from a log-normal distribution (median 60, limits 6 and 512), as passages have it;
  /// 8,523 tokens. Written down, because other engines must be given the very same.
  static let mixedLengths = [
    60, 76, 48, 29, 42, 27, 63, 175, 40, 37, 89, 80, 65, 29, 59, 105, 20, 42, 13, 21, 14, 50, 22,
    75, 68, 52, 8, 39, 58, 66, 18, 41, 27, 31, 140, 31, 58, 122, 38, 55, 66, 63, 23, 64, 178, 17,
    119, 66, 36, 297, 110, 23, 64, 95, 52, 104, 57, 102, 190, 35, 71, 41, 66, 23, 38, 51, 123,
    150, 21, 32, 101, 12, 41, 56, 164, 104, 46, 45, 49, 203, 43, 47, 80, 54, 51, 25, 59, 42, 153,
    101, 59, 102, 46, 139, 60, 96, 21, 79, 16, 12, 47, 29, 68, 361, 31, 36, 71, 89, 52, 51, 105,
    91, 26, 56, 62, 26, 74, 30, 131, 70, 64, 37, 55, 12, 24, 80, 11, 118,
  ]
}

/// A comma-separated list of workloads.
struct WorkloadList: ExpressibleByArgument {
  var workloads: [EngineWorkload]

  static let all = WorkloadList(workloads: EngineWorkload.allCases)

  init(workloads: [EngineWorkload]) {
    self.workloads = workloads
  }

  init?(argument: String) {
    var workloads: [EngineWorkload] = []
    for name in argument.split(separator: ",") {
      guard let workload = EngineWorkload(rawValue: String(name)) else { return nil }
      workloads.append(workload)
    }
    guard !workloads.isEmpty else { return nil }
    self.workloads = workloads
  }

  var defaultValueDescription: String {
    workloads.map(\.rawValue).joined(separator: ",")
  }
}
