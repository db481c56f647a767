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

struct csp_model {
  sentencepiece::SentencePieceProcessor processor;
  csp_model_options options;
  csp::PieceTrie trie;
  float unknown_score = 0;
  // Id of each byte piece; filled if options.has_byte_pieces.
  std::array<int32_t, 256> byte_ids{};
};

// A step of a segmentation with its place in the text as given.
struct csp_unit {
  csp::Step step;
  uint32_t begin;
  uint32_t end;
};

struct csp_encoding {
  std::vector<csp_piece> pieces;
  bool changed = false;
  // Scratch.
  std::string normalized;
  std::vector<csp_unit> units;
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

// The byte that a byte piece "<0xHH>" stands for.
uint8_t byte_of_piece(std::string_view piece) {
  const auto digit = [](char c) { return c >= 'A' ? c - 'A' + 10 : c - '0'; };
  return piece.size() == 6 ? static_cast<uint8_t>(digit(piece[3]) << 4 | digit(piece[4])) : 0;
}

// Reads the vocabulary back from the loaded library: pieces that text can be cut into go into the
// trie.
void index_pieces(csp_model &model) {
  const auto &processor = model.processor;
  float lowest = FLT_MAX;
  std::vector<csp::PieceTrie::Entry> entries;
  entries.reserve(static_cast<size_t>(model.options.visible_size));
  for (int32_t id = 0; id < model.options.visible_size; ++id) {
    const std::string &text = processor.IdToPiece(id);
    if (model.options.has_byte_pieces && processor.IsByte(id)) {
      model.byte_ids[byte_of_piece(text)] = id;
    } else if (!processor.IsControl(id) && !processor.IsUnknown(id) && !processor.IsUnused(id)) {
      entries.push_back({text, id, processor.GetScore(id)});
      lowest = std::min(lowest, entries.back().score);
    }
  }
  model.unknown_score = lowest - kUnknownPenalty;
  model.trie.build(std::move(entries));
}

// Copies the library's segmentation into `encoding.normalized` and `encoding.units`. Bytes of an
// unknown character are put together again.
void collect_units(const csp_model &model,
                   const sentencepiece::ImmutableSentencePieceText &output,
                   csp_encoding &encoding) {
  const csp_model_options &options = model.options;
  const size_t count = output.pieces_size();
  encoding.normalized.clear();
  encoding.units.clear();
  encoding.units.reserve(count);
  uint32_t missing = 0;  // bytes that the unknown character at hand still needs
  for (size_t i = 0; i < count; ++i) {
    const auto piece = output.pieces(static_cast<int>(i));
    const auto id = static_cast<int32_t>(piece.id());
    const bool is_hidden_byte = id >= options.visible_size;
    if (is_hidden_byte || (options.has_byte_pieces && model.processor.IsByte(id))) {
      const char byte = static_cast<char>(is_hidden_byte ? id - options.visible_size
                                                         : byte_of_piece(piece.piece()));
      encoding.normalized.push_back(byte);
      if (missing == 0) {
        missing = csp::character_length(byte);
        encoding.units.push_back({{0, options.unknown_id}, piece.begin(), piece.end()});
      }
      missing -= 1;
    } else {
      missing = 0;
      encoding.normalized.append(piece.piece());
      encoding.units.push_back({{0, id}, piece.begin(), piece.end()});
    }
    csp_unit &unit = encoding.units.back();
    unit.step.end = static_cast<uint32_t>(encoding.normalized.size());
    unit.end = piece.end();
  }
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<uint8_t>(byte) & 0xC0) != 0x80;
  }));
}

// Where `position` of normalised text, inside a unit that starts at `start`, lies in `text`. Exact
// if the unit's characters stand for those of the text one by one; otherwise the unit's begin, as
// the library does for the parts of one character.
uint32_t place_inside(const csp_encoding &encoding, std::string_view text, uint32_t start,
                      const csp_unit &unit, bool has_dummy_space, uint32_t position) {
  std::string_view source = text.substr(unit.begin, unit.end - unit.begin);
  std::string_view target(encoding.normalized.data() + start, unit.step.end - start);
  size_t characters = count_characters(target.substr(0, position - start));
  size_t all = count_characters(target);
  if (has_dummy_space) {
    characters -= 1;
    all -= 1;
  }
  if (all != count_characters(source)) return unit.begin;
  size_t offset = 0;
  for (; characters > 0; --characters) {
    do ++offset;
    while (offset < source.size() && (static_cast<uint8_t>(source[offset]) & 0xC0) == 0x80);
  }
  return unit.begin + static_cast<uint32_t>(offset);
}

// Replaces the library's segmentation by the settled one where they differ.
void settle_units(const csp_model &model, std::string_view text, csp_encoding &encoding) {
  csp::find_best_path(model.trie, encoding.normalized, model.options.unknown_id,
                      model.unknown_score, encoding.nodes, encoding.path);
  const auto same = [](const csp_unit &unit, const csp::Step &step) {
    return unit.step.end == step.end && unit.step.id == step.id;
  };
  if (std::equal(encoding.units.begin(), encoding.units.end(), encoding.path.begin(),
                 encoding.path.end(), same)) {
    return;
  }
  std::vector<csp_unit> settled;
  settled.reserve(encoding.path.size());
  size_t index = 0;
  uint32_t start = 0;  // of units[index] in normalised text
  uint32_t begin = encoding.units.front().begin;
  for (const csp::Step &step : encoding.path) {
    while (encoding.units[index].step.end < step.end) start = encoding.units[index++].step.end;
    const csp_unit &unit = encoding.units[index];
    const bool has_dummy_space = index == 0 && model.options.adds_dummy_prefix &&
                                 csp::starts_with(encoding.normalized, csp::kSpace);
    const uint32_t end = unit.step.end == step.end
                             ? unit.end
                             : place_inside(encoding, text, start, unit, has_dummy_space, step.end);
    settled.push_back({step, begin, end});
    begin = end;
  }
  encoding.units = std::move(settled);
}

// Turns units into pieces: runs of unknown characters become one piece, or bytes if the model has
// them.
void emit_pieces(const csp_model &model, std::string_view text, size_t changes_from,
                 csp_encoding &encoding) {
  const csp_model_options &options = model.options;
  encoding.pieces.reserve(encoding.units.size());
  csp::ChangeDetector detector(text, changes_from, options.adds_dummy_prefix);
  bool in_unknown_run = false;
  uint32_t start = 0;
  for (const csp_unit &unit : encoding.units) {
    const std::string_view normalized(encoding.normalized.data() + start, unit.step.end - start);
    const csp_piece piece = {unit.step.id, unit.begin, unit.end};
    detector.add(normalized, piece);
    start = unit.step.end;
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

csp_status csp_model_new(const uint8_t *bytes, size_t count, csp_model_options options,
                         csp_model **model) {
  *model = nullptr;
  return guarded([&] {
    silence_library();
    // LoadFromSerializedProto takes the length as an int.
    if (count > INT32_MAX) return fail(CSP_BAD_MODEL, "model larger than 2 GiB");
    auto made = std::make_unique<csp_model>();
    made->options = options;
    const auto status = made->processor.LoadFromSerializedProto(
        std::string_view(reinterpret_cast<const char *>(bytes), count));
    if (!status.ok()) return fail(CSP_BAD_MODEL, status.message());
    const int32_t size = made->processor.GetPieceSize();
    const bool has_hidden_bytes = size - 256 == options.visible_size;
    if (options.visible_size != size && !has_hidden_bytes) {
      return fail(CSP_BAD_MODEL, "the model has another number of pieces than stated");
    }
    index_pieces(*made);
    *model = made.release();
    return CSP_OK;
  });
}

void csp_model_free(csp_model *model) { delete model; }

int32_t csp_model_size(const csp_model *model) { return model->options.visible_size; }

csp_status csp_model_piece(const csp_model *model, int32_t id, const char **bytes,
                           size_t *count) {
  *bytes = nullptr;
  *count = 0;
  return guarded([&] {
    // The library aborts on an id out of range.
    if (id < 0 || id >= model->options.visible_size) {
      return fail(CSP_NO_SUCH_PIECE, "no piece has this id");
    }
    const std::string &piece = model->processor.IdToPiece(id);
    *bytes = piece.data();
    *count = piece.size();
    return CSP_OK;
  });
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
    const auto status = model->processor.Encode(input, output.mutable_proto());
    if (!status.ok()) return fail(CSP_INTERNAL, status.message());
    collect_units(*model, output, *encoding);
    settle_units(*model, input, *encoding);
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
