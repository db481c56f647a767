// Whether normalisation changed a text.

#ifndef CSP_CHANGE_DETECTOR_H
#define CSP_CHANGE_DETECTOR_H

#include <cstddef>
#include <string_view>

#include "csentencepiece.h"

namespace csp {

// U+2581, how the library writes a space.
constexpr std::string_view kSpace = "\xe2\x96\x81";

inline bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
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

}  // namespace csp

#endif
