import Encoder

/// One worker thread: tokenizes what nobody else does, computes blocks, delivers vectors, and helps
/// another worker with its block when there is nothing else to do.
struct Worker<E: BlockEncoder> {
  let number: Int
  let core: EngineCore
  let preparer: TextPreparer
  let encoder: E
  let workspaceTokens: Int
  /// Texts of one block at most.
  let blockTexts: Int

  /// Runs until the engine is over.
  func run() {
    let dimension = encoder.dimension
    let workspace = encoder.makeWorkspace(tokens: workspaceTokens)
    // (blockTexts, dimension)
    let output = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: max(1, blockTexts * dimension))
    output.initialize(repeating: 0)
    defer { output.deallocate() }
    var block = Block()
    var batch: [BatchItem] = []
    batch.reserveCapacity(blockTexts)

    var report = Report.nothing
    while true {
      let work = core.nextWork(worker: number, batch: &batch, after: report)
      report = .nothing
      switch work {
      case .tokenize(let id, let input):
        report = core.tokenize(id, input, with: preparer)
      case .compute(let team):
        let start = core.now()
        let end = compute(&block, batch, workspace, team, output)
        report = .computed(start: start, end - start, members: team.size)
      case .assist(let team, let member):
        team.assist(member)
        report = .assisted
      case .park:
        core.park(number)
      case .stop:
        return
      }
    }
  }

  /// Computes and delivers a batch at the head of a team.
  ///
  /// - Returns: when the computation ended.
  private func compute(
    _ block: inout Block, _ batch: [BatchItem], _ workspace: E.Workspace, _ team: Team,
    _ output: UnsafeMutableBufferPointer<Float>
  ) -> ContinuousClock.Instant {
    block.removeAll(keepingCapacity: true)
    for item in batch { block.append(item.text.ids) }
    do throws(EncoderError) {
      // The helpers are free while vectors are delivered.
      defer { team.finish() }
      try encoder.encode(block, using: workspace, team: team, into: output)
    } catch {
      if batch.count > 1 {
        // One text's fault must not cost its neighbours their vectors.
        for item in batch { _ = compute(&block, [item], workspace, team, output) }
      } else {
        for item in batch { item.deliver(item.id.index, .failure(EngineError(error))) }
      }
      return core.now()
    }
    let end = core.now()
    let dimension = encoder.dimension
    for (row, item) in batch.enumerated() {
      let values = UnsafeMutableBufferPointer(
        rebasing: output[row * dimension..<(row + 1) * dimension])
      item.deliver(item.id.index, finished(values, item))
    }
    return end
  }

  /// Cuts, normalises and checks one vector.
  ///
  /// - Parameter values: (dimension); used as scratch.
  private func finished(
    _ values: UnsafeMutableBufferPointer<Float>, _ item: BatchItem
  ) -> Result<Embedded, EngineError> {
    guard VectorMath.isFinite(UnsafeBufferPointer(values)) else { return .failure(.nonFinite) }
    let count = min(item.dimensions ?? values.count, values.count)
    let kept = UnsafeMutableBufferPointer(rebasing: values[..<count])
    if item.normalize {
      VectorMath.normalize(kept)
      guard VectorMath.isFinite(UnsafeBufferPointer(kept)) else { return .failure(.nonFinite) }
    }
    return .success(Embedded(vector: Array(kept), receipt: item.text.receipt))
  }
}
