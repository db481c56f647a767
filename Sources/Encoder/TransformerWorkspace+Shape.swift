import CKernels
import ModelFiles

extension TransformerWorkspace {
  /// Sizes that decide where each buffer starts. Strides are in floats, those of quantized rows in
  /// bytes, those of rounded rows in values of 2 bytes.
  struct Shape: Equatable {
    let tokens: Int
    let hidden, queryKeyValue, intermediate: Int
    let quantizedHidden, quantizedIntermediate: Int
    let roundedHidden, roundedIntermediate: Int
    /// Rows that one member takes through the row-wise part of a layer at a time: few enough that
    /// what it makes of them stays in the L2 cache.
    let strip: Int
    /// Widest vector between pooling and the last dense module.
    let vector: Int
    let attention: Int
    private let precision: Precision

    init(
      tokens: Int, body: BodyConfiguration, precision: Precision, kernels: Kernels, maximumTokens: Int,
      vector: Int
    ) {
      self.tokens = tokens
      self.precision = precision
      hidden = Self.stride(body.hiddenSize)
      queryKeyValue = Self.stride(3 * body.hiddenSize)
      intermediate = Self.stride(body.intermediateSize)
      self.vector = Self.stride(vector)
      let scratch = kernels.attentionScratch(
        tokens: maximumTokens, headSize: body.headSize, precision)
      attention = (scratch + 15) / 16 * 16
      strip = precision == .f32 ? 128 : 64
      let widest = max(body.hiddenSize, body.intermediateSize)
      quantizedHidden = precision == .int8 ? duri_int8_row_stride(body.hiddenSize) : 0
      quantizedIntermediate = precision == .int8 ? duri_int8_row_stride(widest) : 0
      roundedHidden = precision == .bf16 ? duri_bf16_row_stride(body.hiddenSize) : 0
      roundedIntermediate = precision == .bf16 ? duri_bf16_row_stride(widest) : 0
    }

    /// Rows start on a cache line, and never a multiple of 1 KiB apart: rows read together would fall
    /// on the same few cache sets.
    private static func stride(_ width: Int) -> Int { (width + 15) / 16 * 16 + 16 }

    // MARK: Of the block

    var quantizedRows: Int { precision == .int8 ? tokens : 0 }
    var floatBytes: Int {
      tokens * (2 * hidden + queryKeyValue) * MemoryLayout<Float>.stride
    }
    var bytes: Int {
      floatBytes + QuantizedRows.bytes(rows: quantizedRows, stride: quantizedHidden)
        + tokens * roundedHidden * MemoryLayout<UInt16>.stride
    }

    // MARK: Of each member

    var stripFloatBytes: Int {
      let columns =
        switch precision {
        case .f32: intermediate + hidden
        case .bf16: 0
        case .int8: intermediate
        }
      return strip * columns * MemoryLayout<Float>.stride
    }
    var stripQuantizedRows: Int { precision == .int8 ? strip : 0 }
    var stripBytes: Int {
      stripFloatBytes
        + QuantizedRows.bytes(rows: stripQuantizedRows, stride: quantizedIntermediate)
        + strip * roundedIntermediate * MemoryLayout<UInt16>.stride
    }
    var memberFloats: Int { attention + 2 * vector }
  }
}
