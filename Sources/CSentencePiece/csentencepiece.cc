#include "csentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <array>
#include <cfloat>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "best_path.h"
#include "change_detector.h"
#include "piece_trie.h"

namespace sentencepiece::logging {
// Exported by the library but declared in no installed header; weak, so that a library which hides
// it still links.
__attribute__((weak)) void SetMinLogLevel(int level);
}  // namespace sentencepiece::logging

// The library normalises text and tells where each character came from; it knows no pieces but single
// characters. The vocabulary lies in the trie.
struct csp_model {
  sentencepiece::SentencePieceProcessor normalizer;
  // The library's ids from here on are bytes of characters it has no piece for.
  int32_t first_byte_id = 0;
  csp_model_options options;
  csp::PieceTrie trie;
  // All pieces one after the other, and where each ends.
  std::string text;
  std::vector<size_t> ends;
  float unknown_score = 0;
  // Id of each byte piece; filled if options.has_byte_pieces.
  std::array<int32_t, 256> byte_ids{};

  std::string_view piece(size_t id) const {
    const size_t begin = id == 0 ? 0 : ends[id - 1];
    return std::string_view(text).substr(begin, ends[id] - begin);
  }
};

// A character of normalised text: where it ends there, and its place in the text as given.
struct csp_character {
  uint32_t normalized_end;
  uint32_t begin;
  uint32_t end;
};

struct csp_encoding {
  std::vector<csp_piece> pieces;
  bool changed = false;
  // Scratch.
  std::string normalized;
  std::vector<csp_character> characters;
  std::vector<csp::PathNode> nodes;
  std::vector<csp::Step> path;
};

namespace {

// What the library takes off the lowest score for an unknown character.
constexpr float kUnknownPenalty = 10;

thread_local std::string last_error;

csp_status fail(csp_status status, const char *message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

// The one place where exceptions stop.
template <typename Body>
csp_status guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return fail(CSP_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    return fail(CSP_INTERNAL, error.what());
  } catch (...) {
    return fail(CSP_INTERNAL, "unknown C++ exception");
  }
}

void silence_library() noexcept {
  constexpr int kFatalOnly = 3;
  if (sentencepiece::logging::SetMinLogLevel != nullptr) {
    sentencepiece::logging::SetMinLogLevel(kFatalOnly);
  }
}

// SentencePiece's numbers of piece types.
enum PieceType : uint8_t { kNormal = 1, kByte = 6 };

// The byte that a byte piece "<0xHH>" stands for, or -1.
int byte_of_piece(std::string_view piece) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  const int high = digit(piece[3]), low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// Copies the vocabulary; pieces that text can be cut into go into the trie.
csp_status index_pieces(csp_model &model, const csp_vocabulary &vocabulary) {
  const auto count = static_cast<size_t>(vocabulary.count);
  const size_t size = count == 0 ? 0 : static_cast<size_t>(vocabulary.ends[count - 1]);
  model.text.assign(reinterpret_cast<const char *>(vocabulary.text), size);
  model.ends.assign(vocabulary.ends, vocabulary.ends + count);
  float lowest = FLT_MAX;
  size_t byte_count = 0;
  std::vector<csp::PieceTrie::Entry> entries;
  entries.reserve(count);
  model.byte_ids.fill(-1);
  for (size_t id = 0; id < count; ++id) {
    const std::string_view text = model.piece(id);
    if (vocabulary.types[id] == kByte) {
      const int byte = byte_of_piece(text);
      if (byte < 0 || model.byte_ids[static_cast<size_t>(byte)] >= 0) {
        return fail(CSP_BAD_MODEL, "a byte piece occurs twice or is not of the form <0xHH>");
      }
      model.byte_ids[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
      ++byte_count;
    } else if (vocabulary.types[id] == kNormal) {
      entries.push_back({text, static_cast<int32_t>(id), vocabulary.scores[id]});
      lowest = std::min(lowest, entries.back().score);
    }
  }
  if (model.options.has_byte_pieces && byte_count != model.byte_ids.size()) {
    return fail(CSP_BAD_MODEL, "byte_fallback is on, but there are not 256 byte pieces");
  }
  model.unknown_score = lowest - kUnknownPenalty;
  if (!model.trie.build(std::move(entries))) {
    return fail(CSP_BAD_MODEL, "a piece occurs twice");
  }
  return CSP_OK;
}

// Copies normalised text and the places of its characters. Bytes of a character without a piece are
// put together again.
void collect_characters(const csp_model &model,
                        const sentencepiece::ImmutableSentencePieceText &output,
                        csp_encoding &encoding) {
  const size_t count = output.pieces_size();
  encoding.normalized.clear();
  encoding.characters.clear();
  encoding.characters.reserve(count);
  uint32_t missing = 0;  // bytes that the character at hand still needs
  for (size_t i = 0; i < count; ++i) {
    const auto piece = output.pieces(static_cast<int>(i));
    const auto id = static_cast<int32_t>(piece.id());
    if (id >= model.first_byte_id) {
      const char byte = static_cast<char>(id - model.first_byte_id);
      encoding.normalized.push_back(byte);
      if (missing == 0) {
        missing = csp::character_length(byte);
        encoding.characters.push_back({0, piece.begin(), piece.end()});
      }
      missing -= 1;
    } else {
      missing = 0;
      encoding.normalized.append(piece.piece());
      encoding.characters.push_back({0, piece.begin(), piece.end()});
    }
    csp_character &character = encoding.characters.back();
    character.normalized_end = static_cast<uint32_t>(encoding.normalized.size());
    character.end = piece.end();
  }
}

// Turns the best path into pieces: runs of unknown characters become one piece, or bytes if the model
// has them.
void emit_pieces(const csp_model &model, std::string_view text, size_t changes_from,
                 csp_encoding &encoding) {
  const csp_model_options &options = model.options;
  encoding.pieces.reserve(encoding.path.size());
  csp::ChangeDetector detector(text, changes_from, options.adds_dummy_prefix);
  bool in_unknown_run = false;
  uint32_t start = 0;
  size_t next = 0;  // first character of the step
  for (const csp::Step &step : encoding.path) {
    const std::string_view normalized(encoding.normalized.data() + start, step.end - start);
    const uint32_t begin = encoding.characters[next].begin;
    uint32_t end = begin;
    while (next < encoding.characters.size() &&
           encoding.characters[next].normalized_end <= step.end) {
      end = encoding.characters[next++].end;
    }
    const csp_piece piece = {step.id, begin, end};
    detector.add(normalized, piece);
    start = step.end;
    const bool is_unknown = piece.id == options.unknown_id;
    if (is_unknown && options.has_byte_pieces) {
      // The last byte holds the character, the others are empty.
      for (size_t i = 0; i < normalized.size(); ++i) {
        const int32_t id = model.byte_ids[static_cast<uint8_t>(normalized[i])];
        const bool is_last = i + 1 == normalized.size();
        encoding.pieces.push_back({id, piece.begin, is_last ? piece.end : piece.begin});
      }
    } else if (is_unknown && in_unknown_run) {
      encoding.pieces.back().end = piece.end;
    } else {
      encoding.pieces.push_back(piece);
    }
    in_unknown_run = is_unknown;
  }
  encoding.changed = detector.changed();
}

}  // namespace

extern "C" {

csp_status csp_model_new(const uint8_t *bytes, size_t count, csp_vocabulary vocabulary,
                         csp_model_options options, csp_model **model) {
  *model = nullptr;
  return guarded([&] {
    silence_library();
    // LoadFromSerializedProto takes the length as an int.
    if (count > INT32_MAX) return fail(CSP_BAD_MODEL, "model larger than 2 GiB");
    auto made = std::make_unique<csp_model>();
    made->options = options;
    const auto status = made->normalizer.LoadFromSerializedProto(
        std::string_view(reinterpret_cast<const char *>(bytes), count));
    if (!status.ok()) return fail(CSP_BAD_MODEL, status.message());
    made->first_byte_id = made->normalizer.GetPieceSize() - 256;
    if (made->first_byte_id < 0) return fail(CSP_BAD_MODEL, "the byte pieces are missing");
    const csp_status indexed = index_pieces(*made, vocabulary);
    if (indexed == CSP_OK) *model = made.release();
    return indexed;
  });
}

void csp_model_free(csp_model *model) { delete model; }

int32_t csp_model_size(const csp_model *model) { return static_cast<int32_t>(model->ends.size()); }

csp_status csp_model_piece(const csp_model *model, int32_t id, const char **bytes,
                           size_t *count) {
  *bytes = nullptr;
  *count = 0;
  if (id < 0 || id >= csp_model_size(model)) {
    return fail(CSP_NO_SUCH_PIECE, "no piece has this id");
  }
  const std::string_view piece = model->piece(static_cast<size_t>(id));
  *bytes = piece.data();
  *count = piece.size();
  return CSP_OK;
}

csp_status csp_encoding_new(csp_encoding **encoding) {
  *encoding = nullptr;
  return guarded([&] {
    *encoding = new csp_encoding();
    return CSP_OK;
  });
}

void csp_encoding_free(csp_encoding *encoding) { delete encoding; }

csp_status csp_encode(const csp_model *model, const char *text, size_t count,
                      size_t changes_from, csp_encoding *encoding) {
  return guarded([&] {
    encoding->pieces.clear();
    encoding->changed = false;
    if (count > CSP_TEXT_LIMIT) return fail(CSP_TEXT_TOO_LONG, "text too long");
    const std::string_view input(text, count);
    sentencepiece::ImmutableSentencePieceText output;
    const auto status = model->normalizer.Encode(input, output.mutable_proto());
    if (!status.ok()) return fail(CSP_INTERNAL, status.message());
    collect_characters(*model, output, *encoding);
    csp::find_best_path(model->trie, encoding->normalized, model->options.unknown_id,
                        model->unknown_score, encoding->nodes, encoding->path);
    emit_pieces(*model, input, changes_from, *encoding);
    return CSP_OK;
  });
}

const csp_piece *csp_encoding_pieces(const csp_encoding *encoding) {
  return encoding->pieces.data();
}

size_t csp_encoding_count(const csp_encoding *encoding) { return encoding->pieces.size(); }

bool csp_encoding_changed(const csp_encoding *encoding) { return encoding->changed; }

const char *csp_last_error(void) { return last_error.c_str(); }

}  // extern "C"
