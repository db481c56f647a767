import Foundation

/// A folder that is removed with its last owner.
final class TemporaryFolder {
  /// Model folders inside it are named by the test: a model's name is part of what is tested.
  private let root: URL
  let path: String

  init(name: String = "model") throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent(
      "model-files-\(UUID().uuidString)")
    let folder = root.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  func write(_ name: String, _ data: Data) throws {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
  }

  func write(_ name: String, _ text: String) throws {
    try write(name, Data(text.utf8))
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: file(name))
  }

  func file(_ name: String) -> String { path + "/" + name }
}

/// Places of the source checkout, found from this file.
enum Checkout {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  static let bootstrap = root + "/Models/duri-ko-en-bootstrap"
  /// Real configurations kept outside the checkout; tests of them are skipped when it is absent.
  static let configs = root + "/../shared/models/configs"
  static let hasConfigs = FileManager.default.fileExists(atPath: configs)
}

/// A small generator with a fixed seed (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
