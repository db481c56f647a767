"""Teacher vectors: all-MiniLM-L6-v2 on the English side, unit length, kept as float16 on disk.

Vectors are made when they are first asked for, or all at once by running this file, and kept by
the hash of their text, so that a changed mixture costs its new sentences only.
"""
import argparse
import hashlib
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, BertModel

from common import HIDDEN, embed, read_lines, setup, teacher_folder

LIMIT = 256  # tokens


def digest(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Teacher:
    """Vectors of `texts`, by index. `folder` holds teacher.npy and teacher_keys.npy."""

    def __init__(self, texts, folder, device, bf16):
        self.texts, self.folder, self.device, self.bf16 = texts, Path(folder), device, bf16
        self.tokenizer = AutoTokenizer.from_pretrained(teacher_folder())
        self.body = BertModel.from_pretrained(teacher_folder(), add_pooling_layer=False)
        self.body.eval().to(device)
        self.keys = np.array([digest(t) for t in texts], np.uint64)
        self.vectors = np.zeros((len(texts), HIDDEN), np.float16)
        self.known = np.zeros(len(texts), bool)
        if (self.folder / "teacher_keys.npy").exists():
            old = dict(zip(np.load(self.folder / "teacher_keys.npy").tolist(),
                           np.load(self.folder / "teacher.npy")))
            for i, k in enumerate(self.keys.tolist()):
                if k in old:
                    self.vectors[i], self.known[i] = old[k], True

    @torch.inference_mode()
    def _make(self, indices):
        ids = self.tokenizer([self.texts[i] for i in indices], truncation=True,
                             max_length=LIMIT)["input_ids"]
        v = embed(self.body, ids, self.device, self.bf16)
        self.vectors[indices] = v.cpu().numpy().astype(np.float16)
        self.known[indices] = True

    def __call__(self, indices):
        """Vectors (n, 384), float32, on the device."""
        indices = np.asarray(indices)
        missing = np.unique(indices[~self.known[indices]])
        self.fill(missing)
        v = torch.from_numpy(self.vectors[indices]).to(self.device).float()
        return torch.nn.functional.normalize(v, dim=-1)

    def fill(self, missing=None, size=128):
        """Makes the vectors of these, of all by default, shortest first."""
        missing = np.flatnonzero(~self.known) if missing is None else missing
        order = sorted(missing, key=lambda i: len(self.texts[i]))
        for i in range(0, len(order), size):
            self._make(np.array(order[i: i + size]))
            if i and i // size % 100 == 0:
                print(f"{i} of {len(order)}", flush=True)

    def save(self):
        np.save(self.folder / "teacher.npy", self.vectors[self.known])
        np.save(self.folder / "teacher_keys.npy", self.keys[self.known])


def english_texts(rows):
    return sorted({t for r in rows for t in (r["ta"], r["tb"]) if t})


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    device, bf16 = setup(a.threads)
    texts = english_texts(read_lines(a.run / "rows.jsonl"))
    teacher = Teacher(texts, a.run, device, bf16)
    teacher.fill()
    teacher.save()
    print(f"{len(texts)} vectors")


if __name__ == "__main__":
    main()
