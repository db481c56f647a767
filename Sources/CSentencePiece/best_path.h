// The best segmentation of normalised text under a unigram model.
//
// The library would find it too, but not always the same one from version to version. Up to 0.2.1 it
// compares a sum in double precision with one rounded to float, since 0.2.2 two floats; and where
// two segmentations have the same score up to rounding (the order of "ㅋㅋ" and "ㅋㅋㅋ" in "ㅋㅋㅋㅋㅋ")
// this decides. Of 260 712 texts measured, 78 came out otherwise. Ids must not depend on which
// version is installed, so the segmentation is settled here, by the rule of 0.2.2 and later.

#ifndef CSP_BEST_PATH_H
#define CSP_BEST_PATH_H

#include <cstdint>
#include <string_view>
#include <vector>

#include "piece_trie.h"

namespace csp {

// One piece of a segmentation, or one unknown character; `end` is a byte offset in normalised text.
struct Step {
  uint32_t end;
  int32_t id;
};

// Scratch memory, to be kept between calls.
struct PathNode {
  int32_t id;
  int32_t start;  // -1: not reached
  float score;
};

// Viterbi over byte positions, as in the library's `EncodeOptimized`. Sets `path` to the
// segmentation of `text`, first step first; an unknown character gets `unknown_id` and
// `unknown_score`.
void find_best_path(const PieceTrie &trie, std::string_view text, int32_t unknown_id,
                    float unknown_score, std::vector<PathNode> &nodes, std::vector<Step> &path);

// Length in bytes of the character that begins with `lead`.
inline uint32_t character_length(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace csp

#endif
