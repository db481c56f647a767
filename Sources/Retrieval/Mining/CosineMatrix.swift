import COpenBLAS

/// Cosine of every vector with every other.
///
/// - Parameter vectors: of one dimension, that of the first vector there is; nil where there is none.
/// - Returns: row-major, n × n, symmetric, within -1…1; NaN in the rows and columns of vectors that are nil,
///   not finite, or of another dimension. Empty where n² floats cannot be counted.
public func cosineMatrix(_ vectors: [[Float]?]) -> [Float] {
  let count = vectors.count
  let (size, overflow) = count.multipliedReportingOverflow(by: count)
  guard !overflow else { return [] }
  var matrix = [Float](repeating: .nan, count: size)
  let dimension = vectors.lazy.compactMap(\.self).first?.count ?? 0
  let places = vectors.indices.filter { vectors[$0]?.count == dimension }
  guard dimension > 0, !places.isEmpty else { return matrix }
  let values = places.flatMap { vectors[$0] ?? [] }
  let rows = UnitRows(
    VectorTable(ids: places.map { "\($0)" }, values: values, dimension: dimension))
  let products = RowProducts(rows, rows)
  var tile = RowProducts.makeTile()
  for block in 0..<products.blocks {
    let left = products.rows(ofBlock: block)
    products.forEachTile(left, from: left.lowerBound, &tile) { columns, scores in
      for (offset, row) in left.enumerated() {
        for (index, column) in columns.enumerated() where column >= row {
          let score = scores[offset * RowProducts.rightRows + index]
          let cosine = score.isNaN ? score : min(max(score, -1), 1)
          matrix[places[row] * count + places[column]] = cosine
          matrix[places[column] * count + places[row]] = cosine
        }
      }
    }
  }
  return matrix
}
