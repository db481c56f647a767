/// A vector the client brings, with where it comes from.
public struct ForeignVector: Sendable, Equatable {
  public var values: [Float]
  public var origin: VectorOrigin

  public init(values: [Float], origin: VectorOrigin) {
    self.values = values
    self.origin = origin
  }
}
