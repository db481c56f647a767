import CKernels
import ModelFiles

/// One block on its way through the layers: who computes which part of a step.
///
/// Between two attentions every step looks at single rows only. With many rows, each member takes a
/// strip of them through all of these steps at once, so that what it makes stays in its cache. With
/// few rows, all members take all rows, and share each product by its outputs instead, so that each
/// core reads its part of the weights once. No row's arithmetic knows of either.
struct ForwardPass {
  let block: Block
  let body: BodyConfiguration
  let workspace: TransformerWorkspace
  let kernels: Kernels
  let precision: Precision
  let team: Team
  /// Strips the rows are cut into, or nil if products are shared by outputs.
  private let stripCount: Int?

  /// Rows for each member from which on strips are worth their passes over the weights.
  private static let fewestRows = 24
  /// Queries of one piece of attention.
  private static let queryBlock = 256

  init(
    _ block: Block, _ body: BodyConfiguration, _ workspace: TransformerWorkspace,
    _ kernels: Kernels, _ precision: Precision, _ team: Team
  ) {
    self.block = block
    self.body = body
    self.workspace = workspace
    self.kernels = kernels
    self.precision = precision
    self.team = team
    workspace.reserve(members: team.size)
    let rows = block.tokenCount
    if team.size == 1 || rows >= Self.fewestRows * team.size {
      let strips = (rows + workspace.shape.strip - 1) / workspace.shape.strip
      stripCount = (strips + team.size - 1) / team.size * team.size
    } else {
      stripCount = nil
    }
  }

  // MARK: - Row-wise steps

  /// What a step is to compute: all of `rows`, and of a product only `outputs`.
  struct Part {
    let rows: Range<Int>
    let outputs: Range<Int>
    /// Where the first row lies in the buffers of strips.
    let strip: Int
  }

  enum Step {
    /// y = x·Wᵀ + … of so many outputs, each computed for itself.
    case product(outputs: Int, (Part) -> Void)
    /// Something that needs whole rows.
    case rows((Part) -> Void)
  }

  /// Computes the steps, one after the other for each row.
  func run(_ steps: [Step]) {
    guard let stripCount else {
      for step in steps { share(step) }
      return
    }
    let rows = block.tokenCount
    team.run(stripCount) { strip, member in
      let range = rows * strip / stripCount..<rows * (strip + 1) / stripCount
      let place = member * workspace.shape.strip
      for step in steps {
        switch step {
        case .product(let outputs, let compute):
          compute(Part(rows: range, outputs: 0..<outputs, strip: place))
        case .rows(let compute):
          compute(Part(rows: range, outputs: 0..<0, strip: place))
        }
      }
    }
  }

  /// One step by all members: a product by outputs, anything else by rows.
  private func share(_ step: Step) {
    let rows = block.tokenCount
    switch step {
    case .product(let outputs, let compute):
      // Two pieces a member, so that one who comes late is waited for half as long; 32 outputs are
      // what the kernels compute together.
      let width = max(32, (outputs / (2 * team.size) + 31) / 32 * 32)
      team.run((outputs + width - 1) / width) { piece, _ in
        let range = piece * width..<min(outputs, (piece + 1) * width)
        compute(Part(rows: 0..<rows, outputs: range, strip: 0))
      }
    case .rows(let compute):
      let pieces = min(team.size, (rows + 3) / 4)
      team.run(pieces) { piece, _ in
        let range = rows * piece / pieces..<rows * (piece + 1) / pieces
        compute(Part(rows: range, outputs: 0..<0, strip: range.lowerBound))
      }
    }
  }

  // MARK: - Attention

  /// context = attention(queries, keys, values), each text and head for itself.
  func attend() {
    let stride = workspace.shape.hidden
    let wideStride = workspace.shape.queryKeyValue
    let blocks = (0..<block.textCount).map { text in
      (block.starts[text + 1] - block.starts[text] + Self.queryBlock - 1) / Self.queryBlock
    }
    let items = blocks.reduce(0, +) * body.headCount
    let pieces = team.size == 1 ? 1 : min(items, 8 * team.size)
    team.run(pieces) { piece, member in
      // Items lie text by text, in a text head by head, in a head by queries.
      var first = items * piece / pieces
      let end = items * (piece + 1) / pieces
      var start = 0
      for text in 0..<block.textCount where first < end {
        let here = blocks[text] * body.headCount
        let token = block.starts[text]
        let count = block.starts[text + 1] - token
        while first < min(end, start + here) {
          let head = (first - start) / blocks[text]
          let query = (first - start) % blocks[text] * Self.queryBlock
          kernels.attention(
            workspace.context + token * stride, stride,
            workspace.queryKeyValue + token * wideStride, wideStride, tokens: count,
            heads: body.headCount, headSize: body.headSize, head: head,
            queries: query..<min(count, query + Self.queryBlock), precision,
            scratch: workspace.attention(member))
          first += 1
        }
        start += here
      }
    }
  }
}
