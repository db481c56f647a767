import CKernels
import ModelFiles

extension TransformerWorkspace {
  /// Sizes that decide where each buffer starts. Strides are in floats, those of quantized rows in
  /// bytes.
  struct Shape: Equatable {
    let tokens: Int
    let hidden, queryKeyValue, intermediate: Int
    let quantizedHidden, quantizedIntermediate: Int
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
      switch precision {
      case .f32:
        strip = 128
        quantizedHidden = 0
        quantizedIntermediate = 0
      case .int8:
        strip = 64
        quantizedHidden = duri_int8_row_stride(body.hiddenSize)
        quantizedIntermediate = duri_int8_row_stride(max(body.hiddenSize, body.intermediateSize))
      }
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
    }

    // MARK: Of each member

    var stripFloatBytes: Int {
      strip * (intermediate + (precision == .f32 ? hidden : 0)) * MemoryLayout<Float>.stride
    }
    var stripQuantizedRows: Int { precision == .int8 ? strip : 0 }
    var stripBytes: Int {
      stripFloatBytes
        + QuantizedRows.bytes(rows: stripQuantizedRows, stride: quantizedIntermediate)
    }
    var memberFloats: Int { attention + 2 * vector }
  }
}
