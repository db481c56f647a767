import Retrieval
import Service

extension Duri_V1_MineParaphrasesResponse {
  public init(_ pairs: [ScoredPair]) {
    self.init()
    self.pairs = pairs.map { pair in
      var scored = Duri_V1_ScoredPair()
      scored.first = pair.first
      scored.second = pair.second
      scored.score = pair.score
      return scored
    }
  }
}

extension Duri_V1_Group {
  init(_ ids: [String]) {
    self.init()
    self.ids = ids
  }
}

extension Duri_V1_DetectCommunitiesResponse {
  public init(_ communities: [[String]]) {
    self.init()
    self.communities = communities.map(Duri_V1_Group.init)
  }
}

extension Duri_V1_ClusterResponse {
  public init(_ clustering: Clustering) {
    self.init()
    clusters = clustering.groups.map(Duri_V1_Group.init)
    inertia = clustering.inertia
  }
}

extension Duri_V1_SimilarityMatrixResponse {
  public init(_ scores: RetrievalService.SimilarityScores) {
    self.init()
    self.scores = scores.matrix
    statuses = scores.failures.map(Duri_V1_ItemStatus.init)
  }
}

extension Duri_V1_ScorePairsResponse {
  public init(_ outcomes: [Result<Float, ServiceError>]) {
    self.init()
    scores = outcomes.map { outcome in
      var scored = Duri_V1_PairScore()
      switch outcome {
      case .success(let score):
        scored.status = Duri_V1_ItemStatus(nil)
        scored.score = score
      case .failure(let error):
        scored.status = Duri_V1_ItemStatus(error)
      }
      return scored
    }
  }
}

extension Duri_V1_ProjectResponse {
  public init(_ map: CollectionMap) {
    self.init()
    documents = zip(map.ids, map.documents).map(Duri_V1_Point.init)
    texts = map.texts.map { Duri_V1_Point(id: "", at: $0) }
  }
}

extension Duri_V1_Point {
  init(id: String, at point: PrincipalProjection.Point) {
    self.init()
    self.id = id
    x = point.x
    y = point.y
  }
}
