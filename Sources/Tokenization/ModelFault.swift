/// What is wrong with a model, before the name of its file is known.
struct ModelFault: Error {
  let code: TokenizationError.Code
  let message: String

  static func unreadable(_ message: String) -> ModelFault {
    ModelFault(code: .unreadableModel, message: message)
  }

  static func unsupported(_ message: String) -> ModelFault {
    ModelFault(code: .unsupportedModel, message: message)
  }

  func named(_ name: String) -> TokenizationError {
    TokenizationError(code: code, message: "\(name): \(message)")
  }
}
