"""The four workloads, the same as those of `duri bench engine`: token ids in, one vector a text out."""

from pathlib import Path

import numpy as np

NAMES = ["q16", "p128x32", "p512", "mixed"]
# Texts of one padded batch, and of one request in throughput mode.
BATCH = 32
REQUEST = 8


def lengths(name):
    """Tokens of each text, special tokens included."""
    if name == "mixed":
        return [int(word) for word in (Path(__file__).parent / "mixed-lengths.txt").read_text().split()]
    return {"q16": [16], "p128x32": [128] * 32, "p512": [512]}[name]


def batches(name, vocabulary, pad_id, size=BATCH):
    """[(ids (n, longest), mask (n, longest)) …], int64: sorted by length, `size` texts each, padded to the longest, as
    users of these engines are told to do. Padding is made here, outside what is timed."""
    random = np.random.default_rng(7)
    texts = sorted((random.integers(5, vocabulary, count) for count in lengths(name)), key=len)
    made = []
    for first in range(0, len(texts), size):
        part = texts[first:first + size]
        longest = max(map(len, part))
        mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in part], dtype=np.int64)
        ids = np.full(mask.shape, pad_id, dtype=np.int64)
        ids[mask == 1] = np.concatenate(part)
        made.append((ids, mask))
    return made


def pooled(hidden, mask):
    """Mean over the real tokens, scaled to length 1. hidden: (n, tokens, width)."""
    weights = mask[:, :, None].astype(np.float32)
    mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)
