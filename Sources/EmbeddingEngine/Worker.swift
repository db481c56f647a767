import Encoder

/// One worker thread: tokenizes what nobody else does, computes blocks, delivers results, and helps
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
    for item in batch { block.append(item.text.ids, secondStart: item.text.secondStart) }
    do throws(EncoderError) {
      // The helpers are free while vectors are delivered.
      defer { team.finish() }
      try encoder.encode(block, using: workspace, team: team, into: output)
    } catch {
      if batch.count > 1 {
        // One text's fault must not cost its neighbours their vectors.
        for item in batch { _ = compute(&block, [item], workspace, team, output) }
      } else {
        for item in batch { item.output.fail(item.id.index, EngineError(error)) }
      }
      return core.now()
    }
    let end = core.now()
    let dimension = encoder.dimension
    for (row, item) in batch.enumerated() {
      let values = UnsafeMutableBufferPointer(
        rebasing: output[row * dimension..<(row + 1) * dimension])
      deliver(values, item)
    }
    return end
  }

  /// Cuts, normalises and checks one vector, or checks one logit, and delivers it.
  ///
  /// - Parameter values: (dimension); used as scratch.
  private func deliver(_ values: UnsafeMutableBufferPointer<Float>, _ item: BatchItem) {
    guard VectorMath.isFinite(UnsafeBufferPointer(values)) else {
      return item.output.fail(item.id.index, .nonFinite)
    }
    switch item.output {
    case .vector(let normalize, let dimensions, let deliver):
      let count = min(dimensions ?? values.count, values.count)
      let kept = UnsafeMutableBufferPointer(rebasing: values[..<count])
      if normalize {
        VectorMath.normalize(kept)
        guard VectorMath.isFinite(UnsafeBufferPointer(kept)) else {
          return deliver(item.id.index, .failure(.nonFinite))
        }
      }
      deliver(
        item.id.index, .success(Embedded(vector: Array(kept), receipt: item.text.receipt)))
    case .score(let deliver):
      // A model that scores has the dimension 1.
      let scored = values.first.map {
        Scored(logit: $0, receipt: item.text.receipt, queryKept: item.text.queryKept)
      }
      deliver(item.id.index, scored.map(Result.success) ?? .failure(.nonFinite))
    }
  }
}
