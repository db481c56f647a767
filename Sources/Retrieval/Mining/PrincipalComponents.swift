import COpenBLAS

/// The eigenvectors of a symmetric matrix without negative eigenvalues that belong to its largest ones, by
/// subspace iteration with Rayleigh–Ritz projection (Golub and Van Loan, Matrix Computations, 8.2.4).
///
/// - Parameters:
///   - matrix: row-major (dimension, dimension).
///   - count: eigenvectors wanted; fewer come if the dimension is smaller.
/// - Returns: by falling eigenvalue; vectors of length 1, the part of the largest magnitude positive.
func principalComponents(
  of matrix: [Double], dimension: Int, count: Int
) -> [(value: Double, vector: [Double])] {
  // Vectors beyond those wanted make the wanted ones settle sooner.
  let width = min(count + 8, dimension)
  guard width > 0, matrix.count == dimension * dimension else { return [] }
  var numbers = SplitMix64(seed: 1)
  var basis = (0..<width).map { _ in (0..<dimension).map { _ in numbers.fraction() - 0.5 } }
  orthonormalize(&basis, &numbers)
  var values = [Double](repeating: 0, count: width)
  let most = 500
  for round in 0..<most {
    let images = multiply(matrix, basis, dimension)
    let inner = basis.map { row in images.map { dot(row, $0) } }
    let (found, mixes) = jacobiEigen(inner)
    let settled = zip(found, values).prefix(count).allSatisfy { abs($0 - $1) <= 1e-14 * abs(found[0]) }
    values = found
    // Ritz vectors of the basis; their images are the next basis.
    let isLast = (settled && round > 8) || round == most - 1
    basis = mixes.map { combine($0, isLast ? basis : images, dimension) }
    if isLast { break }
    orthonormalize(&basis, &numbers)
  }
  return zip(values, basis).prefix(count).map { value, vector in (value, oriented(vector)) }
}

/// (width, dimension) products of the rows of `basis` with a symmetric matrix.
private func multiply(_ matrix: [Double], _ basis: [[Double]], _ dimension: Int) -> [[Double]] {
  basis.map { row in
    var image = [Double](repeating: 0, count: dimension)
    cblas_dsymv(
      CblasRowMajor, CblasUpper, blasint(truncatingIfNeeded: dimension), 1, matrix,
      blasint(truncatingIfNeeded: dimension), row, 1, 0, &image, 1)
    return image
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}

private func combine(_ factors: [Double], _ rows: [[Double]], _ dimension: Int) -> [Double] {
  var sum = [Double](repeating: 0, count: dimension)
  for (factor, row) in zip(factors, rows) {
    for index in 0..<dimension { sum[index] += factor * row[index] }
  }
  return sum
}

/// Gram–Schmidt, twice for accuracy; a row that vanishes is replaced by new numbers.
private func orthonormalize(_ basis: inout [[Double]], _ numbers: inout SplitMix64) {
  for row in basis.indices {
    var vector = basis[row]
    for attempt in 0..<4 {
      let before = dot(vector, vector).squareRoot()
      for _ in 0..<2 {
        for other in 0..<row {
          let product = dot(vector, basis[other])
          for index in vector.indices { vector[index] -= product * basis[other][index] }
        }
      }
      let length = dot(vector, vector).squareRoot()
      if length > 1e-10 * before, length > 1e-150 {
        for index in vector.indices { vector[index] /= length }
        break
      }
      for index in vector.indices { vector[index] = attempt < 3 ? numbers.fraction() - 0.5 : 0 }
    }
    basis[row] = vector
  }
}

private func oriented(_ vector: [Double]) -> [Double] {
  var largest = 0.0
  for part in vector where abs(part) > abs(largest) { largest = part }
  return largest < 0 ? vector.map { -$0 } : vector
}

/// All eigenvalues, falling, and eigenvectors of a small symmetric matrix, by cyclic Jacobi rotations
/// (Golub and Van Loan, 8.5).
func jacobiEigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
  var a = matrix
  let n = a.count
  // Rows are eigenvectors in the end.
  var v = (0..<n).map { row in (0..<n).map { $0 == row ? 1.0 : 0 } }
  for _ in 0..<50 {
    var off = 0.0, all = 0.0
    for p in 0..<n {
      for q in 0..<n {
        all += a[p][q] * a[p][q]
        if p != q { off += a[p][q] * a[p][q] }
      }
    }
    if off <= 1e-30 * all { break }
    for p in 0..<n {
      for q in p + 1..<n where a[p][q] != 0 {
        let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
        let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        let s = t * c
        for k in 0..<n {
          (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
        }
        for k in 0..<n {
          (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
          (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k])
        }
      }
    }
  }
  let order = (0..<n).sorted { a[$0][$0] > a[$1][$1] }
  return (order.map { a[$0][$0] }, order.map { v[$0] })
}
