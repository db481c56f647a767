import ModelFiles

// Nothing behind these checks reads or writes outside its buffers.
extension TransformerEncoder {
  /// Largest workspace in tokens; it bounds every product of sizes below.
  private static let tokenLimit = 1 << 20

  func workspaceShape(tokens: Int) -> TransformerWorkspace.Shape {
    TransformerWorkspace.Shape(
      tokens: min(max(tokens, maximumTokens), max(Self.tokenLimit, maximumTokens)), body: body,
      precision: precision, kernels: kernels, maximumTokens: maximumTokens,
      vector: weights.denseModules.reduce(body.hiddenSize) { max($0, $1.linear.outputs) })
  }

  /// What the arithmetic relies on, beyond what opening the folder has checked.
  static func check(_ contract: ModelContract) throws(EncoderError) {
    let body = contract.body
    let widest = 1 << 24
    guard body.headCount > 0, body.hiddenSize > 0, body.hiddenSize % body.headCount == 0 else {
      throw EncoderError(
        code: .unsupported,
        message: "hidden size \(body.hiddenSize) is not a multiple of \(body.headCount) heads")
    }
    guard body.hiddenSize <= widest, (1...widest).contains(body.intermediateSize) else {
      throw EncoderError(
        code: .unsupported,
        message: "hidden size \(body.hiddenSize) and intermediate size \(body.intermediateSize) "
          + "must lie in 1...\(widest)")
    }
    guard contract.maximumTokens > 0, body.firstPosition >= 0, body.usableLength > 0,
      body.positionRows <= widest
    else {
      throw EncoderError(
        code: .unsupported,
        message: "\(body.positionRows) position rows from row \(body.firstPosition) leave no usable "
          + "length, or more than \(widest)")
    }
    var width = body.hiddenSize
    for module in contract.denseModules {
      guard module.inputSize == width, (1...widest).contains(module.outputSize) else {
        throw EncoderError(
          code: .unsupported,
          message: "dense module '\(module.path)' takes \(module.inputSize) and gives "
            + "\(module.outputSize) values; \(width) come in")
      }
      width = module.outputSize
    }
    if contract.isReranker { width = 1 }
    guard contract.dimension == width else {
      throw EncoderError(
        code: .unsupported,
        message: "the model's dimension \(contract.dimension) is not the \(width) it computes")
    }
  }

  func check(
    _ block: Block, _ workspace: TransformerWorkspace,
    _ output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    func invalid(_ message: String) -> EncoderError {
      EncoderError(code: .invalidBlock, message: message)
    }
    guard workspace.shape == workspaceShape(tokens: workspace.tokens) else {
      throw invalid("the workspace was made by another encoder; make one with this encoder")
    }
    guard block.tokenCount <= workspace.tokens else {
      throw invalid(
        "the block has \(block.tokenCount) tokens, the workspace holds \(workspace.tokens); "
          + "split the block")
    }
    guard output.count / dimension >= block.textCount else {
      throw invalid(
        "\(block.textCount) vectors of \(dimension) values do not fit an output of "
          + "\(output.count) values")
    }
    for text in 0..<block.textCount {
      let count = block.starts[text + 1] - block.starts[text]
      guard count > 0 else {
        throw invalid("text \(text) of the block has no tokens; leave it out")
      }
      guard count <= maximumTokens else {
        throw invalid(
          "text \(text) of the block has \(count) tokens; the model takes \(maximumTokens)")
      }
      guard block.secondStarts[text] == block.starts[text + 1] || body.tokenTypeRows > 1 else {
        throw invalid("text \(text) of the block has tokens of type 1; the model knows type 0 only")
      }
    }
    let vocabulary = body.vocabularySize
    for (token, id) in block.ids.enumerated() where id < 0 || Int(id) >= vocabulary {
      throw invalid(
        "token \(token) of the block has id \(id); the model's ids are 0..<\(vocabulary)")
    }
  }
}
