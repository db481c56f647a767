"""Hard negatives for the cross-encoder, mined with the bi-encoder of a run.

Writes lists.jsonl: {"q": question, "p": [passages, the right one first], "t": [signal of each]},
and held.jsonl, the same for questions of dev.jsonl, which neither model is trained on.
The signal is the cosine of the ranker (ranker.py) for questions of our own, of the teacher for other
texts with English, else the bi-encoder's.
Negatives of the question's group, or too near the right passage by the teacher (> SAME), are left
out: they are likely right answers too.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

import ranker
from common import PREFIX, SEED, Ids, encode, new_body, read_lines, setup, write_lines
from teacher import Teacher, english_texts

SAME, NEAREST, HARD, EASY = 0.85, (10, 40), (3, 2), 2
SHARES = 0.6, 0.15  # of the lists: our own questions, sentences with their context; the rest translations


def biencoder(run, device):
    state = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    body = new_body(np.load(run / "rows.npy"))
    body.load_state_dict(state["average"])
    return body.eval().to(device)


def choose(rows, most, rng):
    """Rows of the three kinds by their shares, or as many as there are; translations both ways."""
    asked = [r for r in rows if r["ra"] == "q" and r["rb"] == "p" and r["s"] != "chatbot-qa"]
    kinds = ([r for r in asked if r["s"].startswith("own/")],
             [r for r in asked if not r["s"].startswith("own/")],
             [r for r in rows if r["ra"] == "s" and len(r["b"]) > 30])
    chosen = []
    for kind, share in zip(kinds, (*SHARES, 1 - sum(SHARES))):
        weight = np.array([r["w"] for r in kind])
        n = min(len(kind), round(share * most))
        if n:
            picked = rng.choice(len(kind), n, replace=False, p=weight / weight.sum())
            chosen += [kind[i] for i in picked]
    chosen = [r | dict(a=r["b"], b=r["a"]) if r["ra"] == "s" and rng.random() < 0.3 else r
              for r in chosen]
    return [chosen[i] for i in rng.permutation(len(chosen))]


def hard(near, rng):
    """Some of the nearest, some of the next; None if they are too few."""
    begin, out = 0, []
    for end, n in zip(NEAREST, HARD):
        if len(near[begin:end]) < n:
            return None
        out += rng.choice(near[begin:end], n, replace=False).tolist()
        begin = end
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--lists", type=int, default=20_000)
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    device, bf16 = setup(a.threads)
    rng = np.random.default_rng([SEED, 3])
    every = list(read_lines(a.run / "rows.jsonl"))
    rows = choose(every, a.lists, rng)
    trained = len(rows)
    rows += [r for r in read_lines(a.run / "dev.jsonl") if r["ra"] == "q"]
    texts = english_texts(rows)
    at = {t: i for i, t in enumerate(texts)}
    teacher = Teacher(texts, a.run, device, bf16)
    teacher.fill()
    body, ids_of = biencoder(a.run, device), Ids(a.run / "spm.model")
    q = encode(body, ids_of, [PREFIX["q"] + r["a"] for r in rows], device, bf16)
    d = encode(body, ids_of, [PREFIX["p"] + r["b"] for r in rows], device, bf16)
    group = np.array([r["g"] for r in rows])
    english = [(at.get(r["ta"]), at.get(r["tb"])) for r in rows]
    vector = lambda i: teacher.vectors[i].astype(np.float32)
    asked = [r for r in rows if r["ra"] == "q" and r["s"].startswith(("own/", "dev/"))]
    ranks = ranker.vectors([r[k] for r in asked for k in ("ta", "tb")], a.run, device, bf16) or {}
    out, held = [], []
    for i, r in enumerate(rows):
        of = len(rows) if i >= trained else trained  # what is held out is no one's negative
        s = (d[:of] @ q[i]).numpy()
        near, met = [], {r["b"]}
        for j in np.argsort(-s)[: 4 * NEAREST[-1]]:  # a passage stands in several rows
            if group[j] != group[i] and rows[j]["b"] not in met:
                near.append(j)
                met.add(rows[j]["b"])
        if english[i][1] is not None:
            near = [j for j in near if english[j][1] is None or
                    vector(english[i][1]) @ vector(english[j][1]) < SAME]
        far = [j for j in rng.integers(0, of, EASY) if group[j] != group[i]]
        found = hard(near, rng)
        if found is None or len(far) < EASY:
            continue
        js = [i, *map(int, found), *map(int, far)]
        if all(t in ranks for t in (r["ta"], *(rows[j]["tb"] for j in js))):
            signal = [float(ranks[r["ta"]] @ ranks[rows[j]["tb"]]) for j in js]
        elif all(t is not None for t in (english[i][0], *(english[j][1] for j in js))):
            signal = [float(vector(english[i][0]) @ vector(english[j][1])) for j in js]
        else:
            signal = s[js].tolist()
        (out if i < trained else held).append(dict(q=r["a"], p=[rows[j]["b"] for j in js],
                        t=[round(x, 4) for x in signal], b=[round(float(s[j]), 4) for j in js]))
    write_lines(a.run / "lists.jsonl", out)
    write_lines(a.run / "held.jsonl", held)
    (a.run / "mined").write_text(f"{a.lists}\n")
    print(f"{len(out)} lists of {1 + sum(HARD) + EASY}, {len(held)} held out")


if __name__ == "__main__":
    main()
