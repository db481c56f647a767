"""Vocabulary: a SentencePiece unigram model of 27,300 pieces and the first word rows.

Korean and Latin letters never share a piece, so the two halves are made apart and joined:
- Korean: trained on the weighted words of rows.jsonl; all 2,350 syllables of KS X 1001 are pieces.
- English: the teacher's own most frequent words and endings, so that their rows are exact.
  Its vocabulary is sorted by frequency, which gives a Zipf prior; the mixture's counts are added.
Text is case-folded by the model file's own character map (nmt_nfkc_cf), as the teacher's is.
No byte fallback: a character outside the vocabulary is <unk>.

A Korean row starts as the mean of the English rows it is translated by (IBM model 1 on the pairs,
Brown et al. 1993).
"""
import argparse
import collections
import math
import re
from pathlib import Path

import numpy as np
import sentencepiece
from scipy.sparse import csr_matrix
from sentencepiece import sentencepiece_model_pb2 as pb
from transformers import AutoTokenizer, BertModel

from common import SEED, Ids, read_lines, teacher_folder

SIZE = 27_299  # pieces with <unk>, <s>, </s>; the model has two rows more (<pad>, <mask>)
KOREAN, WORDS, INNER = 15_000, 11_400, 2_400
HANGUL, LATIN = re.compile("[가-힣ㄱ-ㅣ]"), re.compile("[a-z]")
MARK = "▁"


def ks_x_1001():
    return "".join(bytes([h, t]).decode("euc-kr") for h in range(0xB0, 0xC9)
                   for t in range(0xA1, 0xFF))


def word_counts(rows):
    ko, en = collections.Counter(), collections.Counter()
    for r in rows:
        for text in (r["a"], r["b"]):
            (ko if HANGUL.search(text) else en).update(
                {w: n * r["w"] for w, n in collections.Counter(text.split()).items()})
    return ko, en


def korean_model(counts, prefix):
    table = Path(f"{prefix}.tsv")
    with open(table, "w", encoding="utf-8") as f:
        for w, n in counts.items():
            if len(w) < 40 and "\t" not in w:
                f.write(f"{w}\t{max(1, round(10 * n))}\n")
    sentencepiece.SentencePieceTrainer.train(
        input=str(table), input_format="tsv", model_prefix=str(prefix), model_type="unigram",
        vocab_size=KOREAN, character_coverage=0.9995, normalization_rule_name="nmt_nfkc_cf",
        required_chars=ks_x_1001() + "".join(map(chr, range(33, 127))), num_threads=2,
        hard_vocab_limit=False, minloglevel=1)
    proto = pb.ModelProto()
    proto.ParseFromString(Path(f"{prefix}.model").read_bytes())
    return proto


def english_pieces(counts, vocabulary):
    """{piece: log probability}: whole words with a mark, endings and bare words without."""
    total, seen = sum(counts.values()), collections.Counter()
    for w, n in counts.items():
        for part in re.findall("[a-z]+", w.lower()):
            seen[part] += n
    words, inner = {}, collections.Counter()
    for rank, piece in enumerate(p for p in vocabulary if re.fullmatch("(##)?[a-z]+", p)):
        prior = 0.09 / (rank + 20)
        if piece.startswith("##"):
            inner[piece[2:]] += 0.3 * prior
        else:
            words[MARK + piece] = 0.6 * prior + 0.4 * seen[piece] / total
            if len(piece) > 1:
                inner[piece] += 0.04 * words[MARK + piece]
    chosen = dict(sorted(words.items(), key=lambda kv: -kv[1])[:WORDS])
    chosen.update(inner.most_common(INNER))
    for c in "abcdefghijklmnopqrstuvwxyz":
        for piece in (c, MARK + c):
            chosen[piece] = max(chosen.get(piece, 0), 1e-5)
    for p in ("query", "passage"):
        chosen[MARK + p] = 1e-2
    return {p: math.log(v) for p, v in chosen.items()}


def join(proto, english):
    kept = [(p.piece, p.score) for p in proto.pieces[3:]
            if not LATIN.search(p.piece)]
    room = SIZE - 3 - len(english)
    single = [x for x in kept if len(x[0]) == 1]
    longer = sorted((x for x in kept if len(x[0]) > 1), key=lambda x: -x[1])
    pieces = dict(single + longer[: room - len(single)])
    pieces.update(english)
    del proto.pieces[3:]
    for piece, score in sorted(pieces.items(), key=lambda kv: (-kv[1], kv[0])):
        proto.pieces.add(piece=piece, score=score)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    return proto


def links(rows, ids_of, tokenizer, most=120_000):
    """Korean piece and English word-piece ids that stand in one pair, as flat arrays."""
    pairs = [r for r in rows if r["tb"] and r["tb"] == r["b"] and r["ra"] == "s"
             and len(r["b"]) < 200]
    rng = np.random.default_rng(SEED)
    p = np.array([r["w"] for r in pairs])
    take = rng.choice(len(pairs), min(most, len(pairs)), replace=False, p=p / p.sum())
    k, e, s, n = [], [], [], 0
    for i in take:
        ko = sorted(set(ids_of.pieces(pairs[i]["a"]))) + [0]  # 0 stands for "no Korean word"
        for word in tokenizer.encode(pairs[i]["b"], add_special_tokens=False)[:60]:
            k.extend(ko)
            e.extend([word] * len(ko))
            s.extend([n] * len(ko))
            n += 1
    return np.array(k, np.int64), np.array(e, np.int64), np.array(s, np.int64)


def translation_rows(rows, ids_of, tokenizer, teacher_rows, rounds=5):
    """{id: (row, weight of evidence)} for every piece seen in the pairs."""
    k, e, s = links(rows, ids_of, tokenizer)
    width = len(teacher_rows)
    code, of = np.unique(k * width + e, return_inverse=True)
    ck, ce = code // width, code % width
    t = np.ones(len(code))
    for _ in range(rounds):
        given = t[of]
        part = given / np.bincount(s, given)[s]
        count = np.bincount(of, part, minlength=len(code))
        t = count / np.bincount(ck, count)[ck]
    clear = t > 0.02
    table = csr_matrix((count[clear], (ck[clear], ce[clear])), shape=(ids_of.size, width))
    evidence = np.asarray(table.sum(1)).ravel()
    return table @ teacher_rows / np.maximum(evidence, 1e-9)[:, None], evidence


def first_rows(rows, ids_of, proto):
    tokenizer = AutoTokenizer.from_pretrained(teacher_folder())
    body = BertModel.from_pretrained(teacher_folder(), add_pooling_layer=False)
    known = body.embeddings.word_embeddings.weight.detach().double().numpy()
    vocabulary = tokenizer.get_vocab()
    norm, middle = np.linalg.norm(known[2000:20000], axis=1).mean(), known[2000:20000].mean(0)
    mean, evidence = translation_rows(rows, ids_of, tokenizer, known)
    noise = np.random.default_rng(SEED).normal(0, known[2000:20000].std(0), mean.shape)
    trust = (evidence / (evidence + 2))[:, None]
    start = middle + 0.3 * noise + trust * (mean - middle)
    start *= (0.9 * norm / np.linalg.norm(start, axis=1))[:, None]
    exact = 0
    for i, p in enumerate(proto.pieces):
        text = p.piece.lstrip(MARK)
        names = [text] if p.piece.startswith(MARK) else ["##" + text, text]
        same = [vocabulary[n] for n in names if n in vocabulary] if i > 2 else []
        if same:
            start[i + 1] = known[same].mean(0)
            exact += 1
    for i, name in enumerate(("[CLS]", "[PAD]", "[SEP]", "[UNK]")):
        start[i] = known[vocabulary[name]]
    start[-1] = known[vocabulary["[MASK]"]]
    print(f"{ids_of.size} rows, {exact} from the teacher's, "
          f"{int((evidence > 2).sum())} with translations")
    return start.astype(np.float32)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", type=Path, required=True)
    a = p.parse_args()
    rows = list(read_lines(a.run / "rows.jsonl"))
    ko, en = word_counts(rows)
    tokenizer = AutoTokenizer.from_pretrained(teacher_folder())
    vocabulary = [w for w, _ in sorted(tokenizer.get_vocab().items(), key=lambda kv: kv[1])]
    proto = join(korean_model(ko, a.run / "korean"), english_pieces(en, vocabulary))
    (a.run / "spm.model").write_bytes(proto.SerializeToString())
    ids_of = Ids(a.run / "spm.model")
    np.save(a.run / "rows.npy", first_rows(rows, ids_of, proto))
    for text in ("오늘 날씨가 정말 좋네요.", "query: The Weather isn't really nice today."):
        print(ids_of.sp.encode(text, out_type=str))


if __name__ == "__main__":
    main()
