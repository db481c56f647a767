#include "piece_trie.h"

#include <algorithm>

namespace csp {

void PieceTrie::grow() {
  units_.resize(units_.size() + kBlock, Unit{0, kFree});
  pieces_.resize(units_.size(), Piece{0, 0});
}

// A base at which the slots of all labels are free. Nodes with many children come early (breadth
// first), those with one fill the gaps between them.
uint32_t PieceTrie::find_base(const uint8_t *labels, size_t count) {
  constexpr int kTries = 64;
  while (first_free_ < units_.size() && units_[first_free_].parent != kFree) ++first_free_;
  int tries = 0;
  for (uint32_t slot = first_free_; slot < units_.size() && tries < kTries; ++slot) {
    if (units_[slot].parent != kFree) continue;
    ++tries;
    const uint32_t base = slot ^ labels[0];
    const bool fits = std::all_of(labels, labels + count, [&](uint8_t label) {
      return units_[base ^ label].parent == kFree;
    });
    if (fits) return base;
  }
  grow();
  return static_cast<uint32_t>(units_.size()) - kBlock;
}

// Sorts by bytes; most pairs are told apart by their first eight, held in one number.
static void sort_by_text(std::vector<PieceTrie::Entry> &entries) {
  struct Keyed {
    uint64_t prefix;
    PieceTrie::Entry entry;
  };
  std::vector<Keyed> keyed;
  keyed.reserve(entries.size());
  for (const PieceTrie::Entry &entry : entries) {
    uint64_t prefix = 0;
    for (size_t i = 0; i < 8; ++i) {
      prefix = prefix << 8 | (i < entry.text.size() ? static_cast<uint8_t>(entry.text[i]) : 0);
    }
    keyed.push_back({prefix, entry});
  }
  std::sort(keyed.begin(), keyed.end(), [](const Keyed &a, const Keyed &b) {
    return a.prefix != b.prefix ? a.prefix < b.prefix : a.entry.text < b.entry.text;
  });
  std::transform(keyed.begin(), keyed.end(), entries.begin(),
                 [](const Keyed &key) { return key.entry; });
}

bool PieceTrie::build(std::vector<Entry> entries) {
  sort_by_text(entries);
  const auto same = [](const Entry &a, const Entry &b) { return a.text == b.text; };
  if (std::adjacent_find(entries.begin(), entries.end(), same) != entries.end()) return false;

  // Entries [begin, end) share their first `depth` bytes, which lead to `node`.
  struct Span {
    uint32_t begin;
    uint32_t end;
    uint32_t depth;
    uint32_t node;
  };
  units_.clear();
  pieces_.clear();
  first_free_ = 0;
  grow();
  // Not free; and should a step lead here, the answer is kNone either way.
  units_[kRoot].parent = kRoot;
  std::vector<Span> level = {{0, static_cast<uint32_t>(entries.size()), 0, kRoot}};
  std::vector<Span> next_level;
  std::vector<uint8_t> labels;
  for (; !level.empty(); level.swap(next_level)) {
    next_level.clear();
    for (Span span : level) {
      const bool has_piece =
          span.begin < span.end && entries[span.begin].text.size() == span.depth;
      if (has_piece) {
        const Entry &entry = entries[span.begin++];
        pieces_[span.node] = {entry.id, entry.score};
      }
      labels.clear();
      const size_t first_child = next_level.size();
      while (span.begin < span.end) {
        const char label = entries[span.begin].text[span.depth];
        uint32_t end = span.begin + 1;
        while (end < span.end && entries[end].text[span.depth] == label) ++end;
        labels.push_back(static_cast<uint8_t>(label));
        next_level.push_back({span.begin, end, span.depth + 1, 0});
        span.begin = end;
      }
      const uint32_t base = labels.empty() ? 0 : find_base(labels.data(), labels.size());
      units_[span.node].base = base << 1 | (has_piece ? 1 : 0);
      for (size_t i = 0; i < labels.size(); ++i) {
        const uint32_t slot = base ^ labels[i];
        units_[slot].parent = span.node;
        next_level[first_child + i].node = slot;
      }
    }
  }
  return true;
}

}  // namespace csp
