import ModelFiles
import Service
import Tokenization

extension Duri_V1_Role {
  public init(_ role: Role) {
    switch role {
    case .query: self = .query
    case .passage: self = .passage
    case .symmetric: self = .symmetric
    case .raw: self = .raw
    }
  }
}

extension Duri_V1_EmbedOptions {
  public init(_ options: EmbedOptions) {
    self.init()
    if let normalize = options.normalize { self.normalize = normalize }
    if let dimensions = options.dimensions { self.dimensions = UInt32(clamping: dimensions) }
    switch options.truncation {
    case .error: truncate = .error
    case .end: truncate = .end
    case .start: truncate = .start
    }
    switch options.encoding {
    case .float32: encoding = .float32
    case .float16: encoding = .float16
    case .int8: encoding = .int8
    case .binary: encoding = .binary
    }
  }
}
