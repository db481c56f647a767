import Encoder
import ModelFiles
import Tokenization

/// A model folder that is open, loaded and has its worker threads.
public typealias ModelEngine = EmbeddingEngine<TransformerEncoder>

extension EmbeddingEngine where E == TransformerEncoder {
  /// Loads a model folder's tokenizer and weights and starts its workers.
  ///
  /// - Throws: ``ModelLoadingError`` naming the file and what is wrong with it.
  public static func load(
    _ folder: ModelFolder, precision: Precision = .f32,
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
      let encoder = try TransformerEncoder(folder, precision: precision)
      return EmbeddingEngine(
        contract: folder.contract, precision: precision, tokenizer: tokenizer, encoder: encoder,
        configuration: configuration)
    } catch let error as ModelLoadingError {
      throw error
    } catch {
      throw ModelLoadingError(message: "\(folder.path): \(error)")
    }
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
