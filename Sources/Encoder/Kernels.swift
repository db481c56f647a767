import CKernels
import COpenBLAS

/// The row-wise kernels of this CPU, and the matrix product that goes with them.
struct Kernels: @unchecked Sendable {
  // Safe: the table is a constant of the program.

  let table: UnsafePointer<duri_kernels>

  /// Chosen once for the process; see `kernels_dispatch.c`.
  static let best = Kernels(table: duri_kernels_best())

  private init(table: UnsafePointer<duri_kernels>) { self.table = table }

  /// The variant of this name ("generic", "avx2", "avx512"), or nil if this CPU cannot run it.
  init?(named name: String) {
    guard let table = duri_kernels_named(name) else { return nil }
    self.table = table
  }

  var name: String { String(cString: table.pointee.name) }

  /// Whether a row's result depends on that row alone, so that a text's vector has the same bits in
  /// every block. The BLAS's kernels do not keep this: there, a row's position chooses its summation
  /// order.
  var rowsAreIndependent: Bool { table.pointee.linear != nil }

  /// y = x·Wᵀ: x (rows, inputs), W (outputs, inputs), y (rows, outputs); `ld…` is the distance between
  /// rows in floats.
  func linear(
    _ y: UnsafeMutablePointer<Float>, _ ldy: Int, _ x: UnsafePointer<Float>, _ ldx: Int,
    weight: UnsafePointer<Float>, rows: Int, outputs: Int, inputs: Int
  ) {
    if let linear = table.pointee.linear {
      linear(y, ldy, x, ldx, weight, inputs, rows, outputs, inputs)
    } else {
      _ = Self.singleThreaded
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(truncatingIfNeeded: rows),
        blasint(truncatingIfNeeded: outputs), blasint(truncatingIfNeeded: inputs), 1,
        x, blasint(truncatingIfNeeded: ldx), weight, blasint(truncatingIfNeeded: inputs), 0,
        y, blasint(truncatingIfNeeded: ldy))
    }
  }

  /// One thread per BLAS call: the engine runs one worker per core. Calls from several threads at once
  /// are safe in that mode.
  private static let singleThreaded: Void = openblas_set_num_threads(1)
}
