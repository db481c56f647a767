import Encoder
import ModelFiles
import Tokenization

/// A model folder that is open, loaded and has its worker threads.
public typealias ModelEngine = EmbeddingEngine<TransformerEncoder>

extension EmbeddingEngine where E == TransformerEncoder {
  /// Loads a model folder's tokenizer and weights and starts its workers.
  ///
  /// - Parameter precision: nil chooses the fastest one whose vectors, or scores, are close enough to
  ///   those of f32 for this model (``agreement`` tells); measuring that takes some tenths of a second.
  /// - Throws: ``ModelLoadingError`` naming the file and what is wrong with it.
  public static func load(
    _ folder: ModelFolder, precision: Precision? = .f32,
    configuration: EngineConfiguration = EngineConfiguration()
  ) throws(ModelLoadingError) -> ModelEngine {
    do {
      let tokenizer = try TokenizerLoader.load(folder.tokenizer)
      // A piece without a row in the embedding table would only show when a text holds it.
      guard tokenizer.vocabularySize <= folder.contract.body.vocabularySize else {
        throw ModelLoadingError(
          message: "\(folder.path): the tokenizer has ids up to \(tokenizer.vocabularySize - 1), "
            + "but the embedding table has \(folder.contract.body.vocabularySize) rows; "
            + "tokenizer and weights belong to different models")
      }
      guard tokenizer.pairFrame != nil || !folder.contract.isReranker else {
        throw ModelLoadingError(
          message: "\(folder.path): the model is a reranker, but its tokenizer files do not say how "
            + "to frame two texts; fetch the tokenizer that the model was published with")
      }
      let (encoder, agreement) = try encoder(folder, precision, tokenizer)
      return EmbeddingEngine(
        contract: folder.contract, precision: encoder.precision, agreement: agreement,
        tokenizer: tokenizer, encoder: encoder, configuration: configuration)
    } catch let error as ModelLoadingError {
      throw error
    } catch {
      throw ModelLoadingError(message: "\(folder.path): \(error)")
    }
  }

  /// The encoder in the precision asked for, or in the fastest one that passes its gate; then with what
  /// was measured last.
  private static func encoder(
    _ folder: ModelFolder, _ precision: Precision?, _ tokenizer: any Tokenizer
  ) throws -> (TransformerEncoder, PrecisionAgreement?) {
    if let precision {
      return (try TransformerEncoder(folder, precision: precision), nil)
    }
    var agreement: PrecisionAgreement?
    for precision in TransformerEncoder.fasterPrecisions {
      let encoder = try TransformerEncoder(folder, precision: precision)
      let preparer = TextPreparer(
        tokenizer: tokenizer, maximumTokens: encoder.maximumTokens, dimension: encoder.dimension,
        tokenTypeRows: folder.contract.body.tokenTypeRows)
      let measured =
        folder.contract.isReranker
        ? try encoder.agreement(
          with: folder, onPairs: PrecisionSample.pairs(preparer, tokens: encoder.sampleTokens))
        : try encoder.agreement(
          with: folder, on: PrecisionSample.ids(preparer, tokens: encoder.sampleTokens))
      if measured.passes { return (encoder, measured) }
      agreement = measured
    }
    return (try TransformerEncoder(folder, precision: .f32), agreement)
  }
}

/// A model that could not be loaded; the message names the file and the remedy.
public struct ModelLoadingError: Error, Sendable, CustomStringConvertible {
  public let message: String

  public init(message: String) {
    self.message = message
  }

  public var description: String { message }
}
