"""Measures one peer on one checkpoint; `duri bench engine` is its counterpart.

    bench.py ENGINE MODEL [--workload q16,mixed] [--threads N] [--seconds S]

Prints a JSON line for each workload: engine, workload, n, median_ms, p90_ms, tokens_per_s."""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path


def measure(run, batches, seconds):
    """Seconds of each repetition: two to warm up, then at least three and at least so many seconds."""
    for _ in range(2):
        list(run(batches))
    times, began = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        list(run(batches))
        times.append(time.perf_counter() - start)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("model", type=Path)
    parser.add_argument("--workload", default="")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=6)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)

    # Imported here because the libraries read the environment when they are loaded.
    import engines
    import workloads

    if options.engine not in engines.PEERS:
        parser.error(f"{options.engine} is not one of {', '.join(engines.PEERS)}")
    config = json.loads((options.model / "config.json").read_text())
    run = engines.PEERS[options.engine](options.model, options.threads)
    for name in options.workload.split(",") if options.workload else workloads.NAMES:
        size = getattr(run, "batch", workloads.BATCH)
        batches = workloads.batches(name, config["vocab_size"], config["pad_token_id"], size)
        times = measure(run, batches, options.seconds)
        median = statistics.median(times)
        print(json.dumps({
            "engine": options.engine, "workload": name, "n": len(times), "median_ms": round(median * 1e3, 3),
            "p90_ms": round(sorted(times)[len(times) * 9 // 10] * 1e3, 3),
            "tokens_per_s": round(sum(workloads.lengths(name)) / median)}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
