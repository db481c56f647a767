"""Which rows form which batch: rows of one kind and one length, in a seeded order."""
import numpy as np

from common import SEED

BUCKETS = (16, 24, 32, 48, 64, 96, 128, 192)  # tokens; a batch never mixes two
LONGEST = BUCKETS[-1]


def bucket(length):
    return next((b for b in BUCKETS if length <= b), BUCKETS[-1])


class Batches:
    """The same for a given mixture, seed and epoch. Rest rows of a bucket wait for the next."""

    def __init__(self, rows, ids_of, tokens):
        self.rows, self.tokens = rows, tokens
        self.is_pair = np.array([r["ra"] == "s" for r in rows])
        a = ids_of.sp.encode([r["a"] for r in rows], num_threads=2)
        b = ids_of.sp.encode([r["b"] for r in rows], num_threads=2)
        self.bucket = np.array([bucket(4 + (len(x) if pair else max(len(x), len(y))))
                                for x, y, pair in zip(a, b, self.is_pair)])
        self.weight = np.array([r["w"] for r in rows])

    def epoch(self, number):
        rng = np.random.default_rng([SEED, 1, number])
        copies = np.floor(self.weight + rng.random(len(self.weight))).astype(int)
        drawn = rng.permutation(np.repeat(np.arange(len(self.rows)), copies))
        out = []
        for pair in (True, False):
            for size in BUCKETS:
                part = drawn[(self.is_pair[drawn] == pair) & (self.bucket[drawn] == size)]
                n = min(256, self.tokens // size)
                out += [part[i: i + n] for i in range(0, len(part) - n + 1, n)]
        return [out[i] for i in rng.permutation(len(out))]
