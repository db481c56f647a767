"""Scores to steer by: nothing of them is trained on, nothing of them is a published score.

- held-out rows of our own (dev.jsonl): translations found among all of them; questions finding
  their passages among every passage of our own, held out or not;
- neighbouring sentences of KorSTS train, whose licence keeps them out of training: how well their
  cosines agree with the teacher's of the English side (Spearman), and translations found.
"""
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from common import PREFIX, encode, read_lines
from evaluate import lines
from teacher import Teacher

MOST = 5_000  # KorSTS lines


def bitext(a, b):
    """Accuracy of the nearest neighbour of a's rows among b's and back: (N, 384) each."""
    s, right = a @ b.T, torch.arange(len(a))
    return [(s.argmax(d) == right).float().mean().item() for d in (1, 0)]


def own(vectors, run):
    dev, rows = (list(read_lines(run / f"{n}.jsonl")) for n in ("dev", "rows"))
    pairs = [r for r in dev if r["ra"] == "s"]
    asked = [r for r in dev if r["ra"] == "q"]
    passages = list(dict.fromkeys(
        [r["b"] for r in asked] +
        [r["b"] for r in rows if r["ra"] == "q" and r["s"].startswith("own/")]))
    ko_en, en_ko = bitext(vectors("q", [r["a"] for r in pairs]),
                          vectors("q", [r["b"] for r in pairs]))
    at = {p: i for i, p in enumerate(passages)}
    korean = torch.tensor([any("가" <= c <= "힣" for c in p) for p in passages])
    p, out = vectors("p", passages), {"own ko-en": ko_en, "own en-ko": en_ko}
    for name, of_korean, to_korean in (("ask ko-en", 1, 0), ("ask en-ko", 0, 1), ("ask ko-ko", 1, 1)):
        some = [r for r in asked if any("가" <= c <= "힣" for c in r["a"]) == of_korean
                and korean[at[r["b"]]] == to_korean]
        s = vectors("q", [r["a"] for r in some]) @ p.T
        s[:, korean != bool(to_korean)] = -2
        own_score = s[torch.arange(len(some)), [at[r["b"]] for r in some]]
        rank = (s > own_score[:, None]).sum(1)
        out[name] = (1 / (1 + rank.float())).mean().item()
    return out


def agreement(vectors, teacher_vectors, data):
    path = data / "eval/korsts-train.tsv"
    if not path.exists():
        return {}
    rows = lines(path)[:MOST]
    en = [r[1] for r in rows]
    t = teacher_vectors(en)
    k, e = vectors("q", [r[0] for r in rows]), vectors("q", en)
    gold = (t[0::2] * t[1::2]).sum(1).numpy()
    like = lambda a, b: float(spearmanr((a[0::2] * b[1::2]).sum(1).numpy(), gold)[0])
    return {"like ko-ko": like(k, k), "like ko-en": like(k, e), "like en-en": like(e, e),
            "near ko": (k * t).sum(1).mean().item(), "near en": (e * t).sum(1).mean().item(),
            "sts bitext": bitext(k[::2], e[::2])[0]}


def tuning(body, ids_of, device, bf16, run, data):
    """{name: score}; `ask` is the mean reciprocal rank, `near` the mean cosine to the teacher."""
    vectors = lambda role, texts: encode(
        body, ids_of, [PREFIX[role] + t for t in texts], device, bf16)

    def teacher_vectors(texts):
        folder = run / "tuning"
        folder.mkdir(exist_ok=True)
        teacher = Teacher(texts, folder, device, bf16)
        teacher.fill()
        teacher.save()
        return teacher(np.arange(len(texts))).cpu()

    found = own(vectors, run) | agreement(vectors, teacher_vectors, Path(data))
    return {k: round(v, 4) for k, v in found.items()}
