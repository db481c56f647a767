/// Vectors laid out in two dimensions by their first two principal components (Pearson 1901).
///
/// The map keeps its proportions: both coordinates are divided by the largest of them, so that all rows lie
/// in -1…1. The sign of a component is such that its largest part is positive. Deterministic.
public struct PrincipalProjection: Sendable {
  /// A place on the map; both coordinates lie in -1…1.
  public struct Point: Sendable, Equatable {
    public var x: Float
    public var y: Float

    public init(x: Float, y: Float) {
      self.x = x
      self.y = y
    }
  }

  /// Of the table's rows, in their order.
  public let points: [Point]
  /// Shares of all variance that the two components have, 0…1.
  let shares: [Double]
  /// (dimension)
  private let mean: [Double]
  /// Of length 1 (dimension); empty where the rows have no second, or no first one.
  private let axes: [[Double]]
  private let scale: Double

  /// Runs for a while with large tables; not to be called on Swift's cooperative threads.
  public init(_ table: VectorTable, cancellation: MiningCancellation? = nil) {
    let rows = PlainRows(table)
    let mean = rows.mean()
    let covariance = rows.covariance(around: mean, cancellation)
    let variance = stride(from: 0, to: covariance.count, by: rows.dimension + 1)
      .reduce(0.0) { $0 + covariance[$1] }
    let components = principalComponents(of: covariance, dimension: rows.dimension, count: 2)
      // What rounding leaves of rows that all lie on a line, or in a point.
      .filter { $0.value > 1e-10 * variance && variance > 1e-20 }
    let axes = components.map(\.vector)
    let places = (0..<rows.count).map { row in
      Self.project(
        rows.values[row * rows.dimension..<(row + 1) * rows.dimension], mean: mean, axes: axes)
    }
    let largest = places.reduce(0.0) { max($0, abs($1.x), abs($1.y)) }
    let scale = largest > 0 ? 1 / largest : 1
    self.mean = mean
    self.axes = axes
    self.scale = scale
    shares = components.map { $0.value / variance }
    points = places.map { Self.point($0, scale) }
  }

  /// Where a vector lies that is not in the table; one beyond the map's edge is put on the edge.
  ///
  /// - Parameter vector: of the table's dimension; any other lies in the middle.
  public func place(_ vector: [Float]) -> Point {
    guard vector.count == mean.count, vector.allSatisfy(\.isFinite) else { return Point(x: 0, y: 0) }
    return Self.point(Self.project(vector[...], mean: mean, axes: axes), scale)
  }

  private static func project(
    _ vector: ArraySlice<Float>, mean: [Double], axes: [[Double]]
  ) -> (x: Double, y: Double) {
    var place = [0.0, 0.0]
    for (number, axis) in axes.prefix(2).enumerated() {
      for (index, component) in vector.enumerated() {
        place[number] += (Double(component) - mean[index]) * axis[index]
      }
    }
    return (place[0], place[1])
  }

  private static func point(_ place: (x: Double, y: Double), _ scale: Double) -> Point {
    Point(
      x: Float(min(max(place.x * scale, -1), 1)), y: Float(min(max(place.y * scale, -1), 1)))
  }
}
