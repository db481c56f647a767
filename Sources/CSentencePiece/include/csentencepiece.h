// C face of the installed C++ SentencePiece library.
//
// Every function returns a csp_status; nothing throws, nothing logs. Text is always pointer +
// length, never NUL-terminated, and may hold NUL bytes.
//
// Threads: a csp_model never changes after it is made, so any number of threads may encode on it.
// A csp_encoding belongs to one thread at a time.

#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csp_model csp_model;
typedef struct csp_encoding csp_encoding;

typedef enum csp_status {
  CSP_OK = 0,
  // The bytes are no model, or one that the library refuses.
  CSP_BAD_MODEL = 1,
  // The text is longer than CSP_TEXT_LIMIT.
  CSP_TEXT_TOO_LONG = 2,
  // No piece has this id.
  CSP_NO_SUCH_PIECE = 3,
  CSP_OUT_OF_MEMORY = 4,
  // The library failed on a valid call.
  CSP_INTERNAL = 5,
} csp_status;

// Longest text in bytes. The library counts bytes of normalised text in `int`; a character map may
// make text longer (up to CSP_REPLACEMENT_LIMIT bytes per byte), and the product must stay below
// 2^31.
#define CSP_TEXT_LIMIT (16u << 20)
#define CSP_REPLACEMENT_LIMIT 64u

// One piece: id in the model's own numbering, and its byte range [begin, end) in the text as given.
typedef struct csp_piece {
  int32_t id;
  uint32_t begin;
  uint32_t end;
} csp_piece;

// The pieces text is cut into, in the order of their ids. Read during the call only.
typedef struct csp_vocabulary {
  // UTF-8 of all pieces, one after the other; none is empty.
  const uint8_t *text;
  // Where each piece ends in `text`; ascending.
  const intptr_t *ends;
  // Log probabilities.
  const float *scores;
  // SentencePiece's type numbers: 1 normal, 6 byte; text is never cut into the others.
  const uint8_t *types;
  int32_t count;
} csp_vocabulary;

typedef struct csp_model_options {
  // normalizer_spec.add_dummy_prefix of the proto.
  bool adds_dummy_prefix;
  // Unknown characters become byte pieces, which the vocabulary must then have.
  bool has_byte_pieces;
  int32_t unknown_id;
} csp_model_options;

// Makes a tokenizer from a vocabulary and a serialized ModelProto `bytes[0 ..< count]`, both read
// during the call only. The proto's normalizer_spec is what counts: the library normalises, and the
// best path over the vocabulary is found here, because building the library's own index of 250,000
// pieces takes ten times as long. The proto's pieces are <unk>, <s>, </s>, characters, and last of
// all the 256 byte pieces in order, with byte_fallback on. The caller has checked it: the library
// trusts the character map inside.
// On CSP_OK `*model` is owned by the caller and freed with csp_model_free; otherwise it is NULL.
csp_status csp_model_new(const uint8_t *bytes, size_t count, csp_vocabulary vocabulary,
                         csp_model_options options, csp_model **model);

// Frees `model`; NULL is allowed. No call on it may be under way.
void csp_model_free(csp_model *model);

// Number of pieces; ids are 0 ..< size.
int32_t csp_model_size(const csp_model *model);

// Sets `*bytes` and `*count` to the UTF-8 text of a piece. The bytes are borrowed from `model` and
// live as long as it does.
csp_status csp_model_piece(const csp_model *model, int32_t id, const char **bytes,
                           size_t *count);

// Makes an empty result object, owned by the caller, to be used for any number of calls of
// csp_encode and freed with csp_encoding_free. On failure `*encoding` is NULL.
csp_status csp_encoding_new(csp_encoding **encoding);

// Frees `encoding`; NULL is allowed.
void csp_encoding_free(csp_encoding *encoding);

// Encodes `text[0 ..< count]` (valid UTF-8) into `encoding`, replacing what it held. Text is read
// during the call only; it may be NULL if `count` is 0.
// `changes_from`: csp_encoding_changed speaks only of the text from this byte on.
csp_status csp_encode(const csp_model *model, const char *text, size_t count,
                      size_t changes_from, csp_encoding *encoding);

// The pieces of the last csp_encode, borrowed from `encoding` until its next use.
const csp_piece *csp_encoding_pieces(const csp_encoding *encoding);
size_t csp_encoding_count(const csp_encoding *encoding);

// Whether normalised text differed from the text, beyond the dummy prefix and "▁" for a space.
bool csp_encoding_changed(const csp_encoding *encoding);

// What went wrong in the last call on this thread that did not return CSP_OK. Borrowed until the
// next call on this thread; never NULL; never holds text that was encoded.
const char *csp_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
