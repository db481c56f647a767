import CKernels
import COpenBLAS

/// The row-wise kernels of this CPU, and the matrix product that goes with them.
struct Kernels: @unchecked Sendable {
  // Safe: the table is a constant of the program.

  let table: UnsafePointer<duri_kernels>

  /// Chosen once for the process; see `kernels_dispatch.c`.
  static let best = Kernels(table: duri_kernels_best())

  private init(table: UnsafePointer<duri_kernels>) { self.table = table }

  /// The variant of this name ("generic", "avx2", "avx512", "avx512bf16"), or nil if this CPU cannot run it.
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

  /// context = attention of some queries of one head: queries, keys, values side by side (tokens, 3H),
  /// context (tokens, H). In bfloat16 where the precision allows it and the CPU has it.
  func attention(
    _ context: UnsafeMutablePointer<Float>, _ ldc: Int, _ queryKeyValue: UnsafePointer<Float>,
    _ ldqkv: Int, tokens: Int, heads: Int, headSize: Int, head: Int, queries: Range<Int>,
    _ precision: Precision, scratch: UnsafeMutablePointer<Float>
  ) {
    if precision != .f32, let attention = table.pointee.attention_bf16 {
      attention(
        context, ldc, queryKeyValue, ldqkv, tokens, heads, headSize, head, queries.lowerBound,
        queries.count, scratch)
    } else {
      duri_attention(
        table, context, ldc, queryKeyValue, ldqkv, tokens, heads, headSize, head,
        queries.lowerBound, queries.count, scratch)
    }
  }

  /// Floats of scratch memory that ``attention`` needs for texts of up to so many tokens.
  func attentionScratch(tokens: Int, headSize: Int, _ precision: Precision) -> Int {
    if precision != .f32, let scratch = table.pointee.attention_bf16_scratch {
      return scratch(tokens, headSize)
    }
    return duri_attention_scratch(tokens, headSize)
  }

  /// One thread per BLAS call: the engine runs one worker per core. Calls from several threads at once
  /// are safe in that mode.
  private static let singleThreaded: Void = openblas_set_num_threads(1)
}
