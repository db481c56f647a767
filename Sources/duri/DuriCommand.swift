import ArgumentParser
import DuriServer

@main
struct DuriCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duri",
    abstract: "Multilingual embeddings on ordinary CPUs: texts in, vectors out.",
    discussion: """
      Examples:
        duri embed --role query "오늘 날씨 어때?"       vectors of one text, no server needed
        duri embed --role passage documents.txt      one text a line, one JSON line a vector
        duri index --collection notes ~/notes        documents into a collection
        duri search --collection notes "김장은 언제?"   and out again, by meaning
        duri serve                                   gRPC on 127.0.0.1:50051
        duri models show                             what the built-in model expects

      Exit codes: 0 all done; 1 some texts failed (each is reported in its place);
      2 nothing could be done (model, server or file); 64 the command line is wrong.
      """,
    version: Server.version,
    subcommands: [
      ServeCommand.self, EmbedCommand.self, IndexCommand.self, SearchCommand.self,
      ExportCommand.self, CollectionsCommand.self, RerankCommand.self, SimilarityCommand.self,
      TokenizeCommand.self, ModelsCommand.self, BenchCommand.self, EvalCommand.self,
    ])
}
