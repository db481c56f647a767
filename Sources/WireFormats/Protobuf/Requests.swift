import ModelFiles
import Service
import Tokenization

extension EmbedSettings {
  /// - Throws: `invalidArgument` naming the field for an enum value this version does not know.
  public init(_ request: Duri_V1_EmbedRequest) throws(ServiceError) {
    self.init(
      model: request.model, role: try Role(request.role),
      instruction: request.hasInstruction ? request.instruction : nil,
      options: try EmbedOptions(request.options))
  }

  public init(_ settings: Duri_V1_StreamSettings) throws(ServiceError) {
    self.init(
      model: settings.model, role: try Role(settings.role),
      instruction: settings.hasInstruction ? settings.instruction : nil,
      options: try EmbedOptions(settings.options))
  }
}

extension EmbedOptions {
  public init(_ options: Duri_V1_EmbedOptions) throws(ServiceError) {
    self.init(
      normalize: options.hasNormalize ? options.normalize : nil,
      truncation: try Truncation(options.truncate),
      dimensions: options.hasDimensions ? Int(options.dimensions) : nil,
      encoding: try VectorEncoding(options.encoding))
  }
}

extension Role {
  public init(_ role: Duri_V1_Role) throws(ServiceError) {
    switch role {
    case .unspecified, .symmetric: self = .symmetric
    case .query: self = .query
    case .passage: self = .passage
    case .raw: self = .raw
    case .UNRECOGNIZED(let value): throw unknown(value, field: "role")
    }
  }
}

extension Truncation {
  init(_ truncate: Duri_V1_Truncate) throws(ServiceError) {
    switch truncate {
    case .unspecified, .end: self = .end
    case .error: self = .error
    case .start: self = .start
    case .UNRECOGNIZED(let value): throw unknown(value, field: "options.truncate")
    }
  }
}

extension VectorEncoding {
  init(_ encoding: Duri_V1_Encoding) throws(ServiceError) {
    switch encoding {
    case .unspecified, .float32: self = .float32
    case .float16: self = .float16
    case .int8: self = .int8
    case .binary: self = .binary
    case .UNRECOGNIZED(let value): throw unknown(value, field: "options.encoding")
    }
  }
}

private func unknown(_ value: Int, field: String) -> ServiceError {
  ServiceError(.invalidArgument, "\(field) has the unknown value \(value)")
}
