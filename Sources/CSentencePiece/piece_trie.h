// A prefix tree over the pieces of a vocabulary.

#ifndef CSP_PIECE_TRIE_H
#define CSP_PIECE_TRIE_H

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace csp {

// A double array: the child of node n by byte b lies at base(n) ^ b, and is one if its parent is n.
// One step down reads one unit of 8 bytes.
class PieceTrie {
 public:
  struct Entry {
    std::string_view text;
    int32_t id;
    float score;
  };
  struct Piece {
    int32_t id;
    float score;
  };
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = 0;  // the root is nobody's child

  // Texts are not empty; they are read during the call only. False if two of them are equal.
  bool build(std::vector<Entry> entries);

  uint32_t child(uint32_t node, uint8_t label) const {
    const uint32_t slot = (units_[node].base >> 1) ^ label;
    return units_[slot].parent == node ? slot : kNone;
  }

  // Whether a piece ends at `node`, and which.
  bool has_piece(uint32_t node) const { return (units_[node].base & 1) != 0; }
  const Piece &piece(uint32_t node) const { return pieces_[node]; }

 private:
  struct Unit {
    uint32_t base;  // twice the base, plus 1 if a piece ends here
    uint32_t parent;
  };
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kFree = UINT32_MAX;

  void grow();
  uint32_t find_base(const uint8_t *labels, size_t count);

  std::vector<Unit> units_;
  std::vector<Piece> pieces_;
  uint32_t first_free_ = 0;  // no slot before it is free
};

}  // namespace csp

#endif
