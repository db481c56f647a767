import ArgumentParser
import Foundation

/// Writes a line to stderr.
func report(_ message: String) {
  FileHandle.standardError.write(Data((message + "\n").utf8))
}

/// Exit codes beyond the parser's own 64 for a wrong command line.
extension ExitCode {
  /// Some texts failed; the rest is in the output.
  static let someFailed = ExitCode(1)
  /// Nothing could be done.
  static let nothingDone = ExitCode(2)
}

/// Runs a command's work; an error becomes its description on stderr and exit code 2.
func reportingErrors(_ work: () async throws -> Void) async throws {
  do {
    try await work()
  } catch let error as ExitCode {
    throw error
  } catch let error as ValidationError {
    throw error
  } catch is CancellationError {
    throw ExitCode.nothingDone
  } catch {
    report("duri: \(error)")
    throw ExitCode.nothingDone
  }
}

/// Something about files or arguments that only the command line knows of.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
