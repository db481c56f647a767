"""Measures FAISS beside `duri bench search`, on the same vectors and queries, in turns, in one run.

    bench_faiss.py DURI FOLDER [--rows N] [--shared W] [--rounds N] [--vectors NPY --queries NPY]

DURI: the program; FOLDER: where it writes the vectors (4 bytes a component). Needs faiss-cpu and numpy. Every round
measures ours, then FAISS's; a line is the median of all calls of all rounds. FAISS's exact indexes:

    faiss-flat     IndexFlatIP: f32
    faiss-sq8      IndexScalarQuantizer, QT_8bit, inner product: 8 bits a component
    faiss-binary   IndexBinaryFlat: Hamming distance of signs, nothing more
    faiss-binary+  the same, its 1,000 best (--candidates) scored in f32: what finds as much as duri-binary

Compare figures of one run only, on a machine that does nothing else."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("duri")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shared", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--small-pages", action="store_true", help="our rows in pages as mapped files have them")
    parser.add_argument("--vectors", help="rows from here instead of made-up ones")
    parser.add_argument("--queries")
    return parser.parse_args()


class Duri:
    """Our side: a process that measures one round whenever it gets a line."""

    def __init__(self, given):
        command = [given.duri, "bench", "search", "--json", "--wait", "--rounds", str(given.rounds),
                   "--limit", str(given.limit), "--batch", str(given.batch), "--threads", str(given.threads),
                   "--save", str(given.folder)]
        if given.vectors:
            command += ["--vectors", given.vectors, "--queries", given.queries]
        else:
            command += ["--rows", str(given.rows), "--shared", str(given.shared)]
        command += ["--small-pages"] if given.small_pages else []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = json.loads(self.process.stdout.readline())

    def round(self):
        """(name, queries, milliseconds of each call) of each line."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            result = json.loads(line)
            if "round" in result:
                return
            yield result["engine"], result["queries"], result["ms"]


class Faiss:
    def __init__(self, rows, queries, given):
        import faiss
        import numpy
        self.numpy, self.rows, self.queries, self.given = numpy, rows, queries, given
        faiss.omp_set_num_threads(given.threads)
        print(f"faiss {faiss.__version__}: {faiss.get_compile_options().strip()}")
        dimension = rows.shape[1]
        whole = dimension // 8 * 8
        self.signs = lambda vectors: numpy.packbits(vectors[:, :whole] > 0, axis=1)
        self.flat = faiss.IndexFlatIP(dimension)
        self.sq8 = faiss.IndexScalarQuantizer(
            dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        self.binary = faiss.IndexBinaryFlat(whole)
        self.sq8.train(numpy.ascontiguousarray(rows[:200_000]))
        for start in range(0, len(rows), 65_536):
            part = numpy.ascontiguousarray(rows[start:start + 65_536])
            self.flat.add(part)
            self.sq8.add(part)
            self.binary.add(self.signs(part))

    def rescored(self, queries):
        _, found = self.binary.search(self.signs(queries), self.given.candidates)
        best = []
        for query, rows in zip(queries, found):
            scores = self.rows[rows] @ query
            best.append(rows[self.numpy.argsort(-scores, kind="stable")[:self.given.limit]])
        return best

    def searches(self):
        limit = self.given.limit
        return {
            "faiss-flat": lambda queries: self.flat.search(queries, limit)[1],
            "faiss-sq8": lambda queries: self.sq8.search(queries, limit)[1],
            "faiss-binary": lambda queries: self.binary.search(self.signs(queries), limit)[1],
            "faiss-binary+": self.rescored,
        }

    def round(self, number):
        for count in (1, self.given.batch):
            for name, search in self.searches().items():
                times = []
                for call in range(8 if count == 1 else 1):
                    first = (number * 8 + call) * count
                    batch = self.numpy.take(
                        self.queries, range(first, first + count), axis=0, mode="wrap")
                    start = time.perf_counter()
                    search(batch)
                    times.append((time.perf_counter() - start) * 1e3)
                yield name, count, times

    def recall(self):
        queries = self.queries[:256]
        searches = self.searches()
        truth = searches.pop("faiss-flat")(queries)
        return {name: sum(len(set(a) & set(b)) for a, b in zip(truth, search(queries))) / truth.size
                for name, search in searches.items()}


def main():
    given = options()
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    import numpy
    duri = Duri(given)
    rows = numpy.load(given.folder / "rows.npy", mmap_mode="r")
    faiss = Faiss(rows, numpy.load(given.folder / "queries.npy"), given)
    times = {}
    for number in range(given.rounds):
        for source in (duri.round(), faiss.round(number)):
            for name, count, samples in source:
                times.setdefault((name, count), []).extend(samples)
        print(f"round {number + 1} of {given.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    duri.process.stdin.close()
    duri.process.wait()
    recall = {"duri-" + name: value for name, value in duri.facts["recall"].items()} | faiss.recall()
    print(f"{len(rows)} x {rows.shape[1]}, k = {given.limit}, {given.threads} threads")
    print(f"{'what':15}{'queries':>8}{'median ms':>12}{'least ms':>12}{'ms/query':>12}{'recall':>9}")
    for (name, count), samples in sorted(times.items(), key=lambda item: item[0][1]):
        median = statistics.median(samples)
        share = f"{recall[name]:.4f}" if name in recall and count == 1 else ""
        print(f"{name:15}{count:8}{median:12.3f}{min(samples):12.3f}{median / count:12.3f}{share:>9}")


if __name__ == "__main__":
    sys.exit(main())
