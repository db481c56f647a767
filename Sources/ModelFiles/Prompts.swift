/// The text a model wants before each role's text.
public struct Prompts: Sendable, Equatable {
  public var query: String
  public var passage: String
  public var symmetric: String
  /// Present on instruct models only: queries (and symmetric texts) carry a task.
  public var instruct: InstructTemplate?

  /// `{opening}{task}{closing}` before a query, such as `Instruct: {task}\nQuery: `.
  public struct InstructTemplate: Sendable, Equatable {
    public var opening: String
    public var closing: String
    /// Task used for a query when the request names none.
    public var defaultTask: String
    /// Task used for symmetric texts when the request names none.
    public var symmetricTask: String

    public init(opening: String, closing: String, defaultTask: String, symmetricTask: String) {
      self.opening = opening
      self.closing = closing
      self.defaultTask = defaultTask
      self.symmetricTask = symmetricTask
    }
  }

  public init(
    query: String, passage: String, symmetric: String, instruct: InstructTemplate? = nil
  ) {
    self.query = query
    self.passage = passage
    self.symmetric = symmetric
    self.instruct = instruct
  }

  /// A model that wants nothing before its texts.
  public static let none = Prompts(query: "", passage: "", symmetric: "")

  /// `query: ` / `passage: ` / `query: ` on both sides.
  public static let e5 = Prompts(query: "query: ", passage: "passage: ", symmetric: "query: ")

  /// `Instruct: {task}\nQuery: {q}` on queries, nothing on passages.
  public static let e5Instruct = Prompts(
    query: "", passage: "", symmetric: "",
    instruct: InstructTemplate(
      opening: "Instruct: ", closing: "\nQuery: ",
      defaultTask:
        "Given a web search query, retrieve relevant passages that answer the query",
      symmetricTask: "Retrieve semantically similar text."))

  /// The prefix for a text of this role.
  ///
  /// - Parameter instruction: the task, for instruct models only; nil means the template's own.
  /// - Throws: ``PromptError`` if an instruction is given where the model or the role takes none.
  public func prefix(for role: Role, instruction: String? = nil) throws(PromptError) -> String {
    guard let instruct else {
      guard instruction == nil else { throw .instructionNotSupported }
      switch role {
      case .query: return query
      case .passage: return passage
      case .symmetric: return symmetric
      case .raw: return ""
      }
    }
    switch role {
    case .query: return instruct.opening + (instruction ?? instruct.defaultTask) + instruct.closing
    case .symmetric:
      return instruct.opening + (instruction ?? instruct.symmetricTask) + instruct.closing
    case .passage, .raw:
      guard instruction == nil else { throw .instructionOnUnpromptedRole(role) }
      return role == .passage ? passage : ""
    }
  }
}

/// An instruction was given where none can be applied.
public enum PromptError: Error, Equatable, CustomStringConvertible {
  case instructionNotSupported
  case instructionOnUnpromptedRole(Role)

  public var description: String {
    switch self {
    case .instructionNotSupported:
      "this model takes no instruction; leave it out and name a role "
        + "(query, passage, symmetric, raw)"
    case .instructionOnUnpromptedRole(let role):
      "role '\(role.rawValue)' takes no instruction; instruct models put it on queries only"
    }
  }
}
