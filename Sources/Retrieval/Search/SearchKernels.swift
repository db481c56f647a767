import CKernels

/// The search kernels of this CPU.
struct SearchKernels: @unchecked Sendable {
  // Safe: the table is a constant of the program.

  let table: UnsafePointer<duri_search_kernels>

  /// Chosen once for the process; see `search_dispatch.c`.
  static let best = SearchKernels(table: duri_search_kernels_best())

  private init(table: UnsafePointer<duri_search_kernels>) { self.table = table }

  /// The variant of this name ("naive", "avx2", "avx512"), or nil if this CPU cannot run it.
  init?(named name: String) {
    guard let table = duri_search_kernels_named(name) else { return nil }
    self.table = table
  }

  var name: String { String(cString: table.pointee.name) }

  /// The largest dimension they take.
  static let mostComponents = Int(DURI_SEARCH_MAX_DIMENSION)
  /// Bytes of a query's digits for each byte of a row.
  static let digits = Int(DURI_SEARCH_DIGITS)
  /// Words of a query's planes for each word of a row.
  static let planes = Int(DURI_SEARCH_PLANES)
}
