"""Evaluation: Tatoeba both ways, KorSTS dev (four language pairs), KLUE-STS dev.

All texts get `query: ` (symmetric tasks). Nothing here may be trained on.
"""
import argparse
import json
from pathlib import Path

import torch
from scipy.stats import pearsonr, spearmanr

from common import HERE, PREFIX, Ids, encode, setup

TASKS = ("tatoeba", "korsts", "klue")


def lines(path, skip=0):
    with open(path, encoding="utf-8", newline="\n") as f:
        return [line.rstrip("\n").split("\t") for line in f][skip:]


def tatoeba(vectors, data):
    pairs = lines(data / "eval/tatoeba-laser/ko-en.tsv")
    ko, en = vectors([p[0] for p in pairs]), vectors([p[1] for p in pairs])
    s, right = ko @ en.T, torch.arange(len(pairs))
    return {"tatoeba ko-en": (s.argmax(1) == right).float().mean().item(),
            "tatoeba en-ko": (s.argmax(0) == right).float().mean().item()}


def korsts(vectors, data):
    rows = lines(data / "eval/korsts/sts-dev.xling.tsv", skip=1)
    gold = [float(r[0]) for r in rows]
    v = {name: vectors([r[c] for r in rows])
         for name, c in (("ko1", 1), ("ko2", 2), ("en1", 3), ("en2", 4))}
    cos = lambda a, b: (v[a] * v[b]).sum(1).numpy()
    return {f"korsts {x}-{y}": float(spearmanr(cos(x + "1", y + "2"), gold)[0])
            for x in ("ko", "en") for y in ("ko", "en")}


def klue(vectors, data):
    rows = json.loads((data / "eval/klue-sts/klue-sts-v1.1_dev.json").read_text("utf-8"))
    gold = [r["labels"]["real-label"] for r in rows]
    a, b = (vectors([r[k] for r in rows]) for k in ("sentence1", "sentence2"))
    cos = (a * b).sum(1).numpy()
    return {"klue spearman": float(spearmanr(cos, gold)[0]),
            "klue pearson": float(pearsonr(cos, gold)[0])}


def scores(body, ids_of, device, bf16, data, tasks=TASKS):
    vectors = lambda texts: encode(body, ids_of, [PREFIX["q"] + t for t in texts], device, bf16)
    out = {}
    for task in tasks:
        out |= {"tatoeba": tatoeba, "korsts": korsts, "klue": klue}[task](vectors, Path(data))
    return {k: round(v, 4) for k, v in out.items()}


def teacher_scores(data):
    """The teacher's own English score, the mark for the cross-lingual ones."""
    from sentence_transformers import SentenceTransformer
    from common import teacher_folder
    model = SentenceTransformer(teacher_folder())
    vectors = lambda t: torch.tensor(model.encode(t, normalize_embeddings=True))
    return korsts(vectors, data)["korsts en-en"]


def main():
    from transformers import BertModel
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("model", help="an exported folder, or `teacher`")
    p.add_argument("--data", type=Path, default=HERE / "../../../shared/data")
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    device, _ = setup(a.threads)
    if a.model == "teacher":
        print("korsts en-en", teacher_scores(a.data))
        return
    body = BertModel.from_pretrained(a.model, add_pooling_layer=False, dtype=torch.float32)
    ids_of = Ids(Path(a.model) / "sentencepiece.bpe.model")
    for name, value in scores(body.eval().to(device), ids_of, device, False, a.data).items():
        print(f"{name:16} {value:.4f}")


if __name__ == "__main__":
    main()
