#include "best_path.h"

#include <algorithm>

namespace csp {

void find_best_path(const PieceTrie &trie, std::string_view text, int32_t unknown_id,
                    float unknown_score, std::vector<PathNode> &nodes, std::vector<Step> &path) {
  // Scores of long texts are brought back to 0, before floats grow too coarse to tell pieces apart.
  constexpr float kResetScore = 100000.0f;

  const size_t size = text.size();
  nodes.assign(size + 1, PathNode{-1, -1, 0});
  size_t frontier = 0;  // farthest position reached
  const auto reach = [&](size_t end, size_t start, int32_t id, float score) {
    frontier = std::max(frontier, end);
    PathNode &node = nodes[end];
    if (node.start == -1 || score > node.score) {
      node = {id, static_cast<int32_t>(start), score};
    }
  };

  for (size_t start = 0; start < size;) {
    float score = nodes[start].score;
    if (score < -kResetScore || score > kResetScore) {
      for (size_t i = start; i <= frontier; ++i) {
        if (i == start || nodes[i].start != -1) nodes[i].score -= score;
      }
      score = 0;
    }
    const size_t next = std::min(size, start + character_length(text[start]));
    bool has_character = false;
    uint32_t node = PieceTrie::kRoot;
    for (size_t end = start; end < size;) {
      node = trie.child(node, static_cast<uint8_t>(text[end]));
      if (node == PieceTrie::kNone) break;
      ++end;
      if (!trie.has_piece(node)) continue;
      const PieceTrie::Piece &piece = trie.piece(node);
      reach(end, start, piece.id, piece.score + score);
      if (end == next) has_character = true;
    }
    if (!has_character) reach(next, start, unknown_id, unknown_score + score);
    start = next;
  }

  path.clear();
  for (size_t end = size; end > 0; end = static_cast<size_t>(nodes[end].start)) {
    path.push_back({static_cast<uint32_t>(end), nodes[end].id});
  }
  std::reverse(path.begin(), path.end());
}

}  // namespace csp
