#include "csentencepiece.h"

#include <sentencepiece_processor.h>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece::logging {
// Exported by the library but declared in no installed header; weak, so that a library which hides
// it still links.
__attribute__((weak)) void SetMinLogLevel(int level);
}  // namespace sentencepiece::logging

struct csp_model {
  sentencepiece::SentencePieceProcessor processor;
  csp_model_options options;
};

struct csp_encoding {
  std::vector<csp_piece> pieces;
  bool changed = false;
};

namespace {

constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, how the library writes a space

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

// Walks normalised text, piece by piece, against the text it came from.
class ChangeDetector {
 public:
  ChangeDetector(std::string_view text, size_t from, bool adds_dummy_prefix)
      : text_(text), from_(from), skips_space_(adds_dummy_prefix) {}

  void add(std::string_view normalized, const csp_piece &piece) {
    if (changed_) return;
    const bool is_first = first_;
    first_ = false;
    if (!started_) {
      if (piece.end <= from_ && piece.begin < from_) return;
      started_ = true;
      cursor_ = is_first ? 0 : piece.begin;
      // Normalisation dropped the text between `from` and the first piece.
      if (cursor_ > from_) changed_ = true;
      if (!is_first) skips_space_ = false;
    }
    if (skips_space_) {
      skips_space_ = false;
      if (starts_with(normalized, kSpace)) normalized.remove_prefix(kSpace.size());
    }
    while (!normalized.empty() && !changed_) step(normalized);
  }

  bool changed() const {
    return changed_ || (started_ ? cursor_ != text_.size() : from_ < text_.size());
  }

 private:
  static bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
  }

  void step(std::string_view &normalized) {
    if (cursor_ >= text_.size()) {
      changed_ = true;
    } else if (text_[cursor_] == ' ') {
      changed_ = !starts_with(normalized, kSpace);
      if (!changed_) normalized.remove_prefix(kSpace.size());
      cursor_ += 1;
    } else {
      changed_ = text_[cursor_] != normalized.front();
      normalized.remove_prefix(1);
      cursor_ += 1;
    }
  }

  std::string_view text_;
  size_t from_;
  size_t cursor_ = 0;
  bool skips_space_;
  bool first_ = true;
  bool started_ = false;
  bool changed_ = false;
};

// The byte that a byte piece "<0xHH>" stands for.
char byte_of_piece(std::string_view piece) {
  const auto digit = [](char c) { return c >= 'A' ? c - 'A' + 10 : c - '0'; };
  return piece.size() == 6 ? static_cast<char>(digit(piece[3]) << 4 | digit(piece[4])) : '\0';
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

    const csp_model_options &options = model->options;
    const size_t piece_count = output.pieces_size();
    encoding->pieces.reserve(piece_count);
    ChangeDetector detector(input, changes_from, options.adds_dummy_prefix);
    bool in_unknown_run = false;
    for (size_t i = 0; i < piece_count; ++i) {
      const auto source = output.pieces(static_cast<int>(i));
      csp_piece piece = {static_cast<int32_t>(source.id()), source.begin(), source.end()};
      if (piece.id >= options.visible_size) {
        const char byte = static_cast<char>(piece.id - options.visible_size);
        detector.add(std::string_view(&byte, 1), piece);
        piece.id = options.unknown_id;
        if (in_unknown_run) {
          encoding->pieces.back().end = piece.end;
        } else {
          encoding->pieces.push_back(piece);
        }
        in_unknown_run = true;
        continue;
      }
      in_unknown_run = false;
      encoding->pieces.push_back(piece);
      if (options.has_byte_pieces && model->processor.IsByte(piece.id)) {
        const char byte = byte_of_piece(source.piece());
        detector.add(std::string_view(&byte, 1), piece);
      } else {
        detector.add(source.piece(), piece);
      }
    }
    encoding->changed = detector.changed();
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
