"""Measures ours and the peers by turns in one run, and prints one table for each shape.

    compare.py --duri PROGRAM [small base large] [--rounds 3] [--seconds 3] [--threads N] [--ours f32,int8]
               [--peers ort-int8,openvino-int8] [--checkpoints FOLDER] [--output results.jsonl] [--chart chart.png]

Every engine gets a process of its own in every round, so none computes beside another's idle threads, and a machine
that gets slower for a while slows all of them. A figure is the median of its rounds."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import chart
import checkpoints
import table
import workloads

HERE = Path(__file__).resolve().parent
TEXT = "서울에서 가장 높은 건물은 어디에 있나요?"


def note(message):
    print(f"peers: {message}", file=sys.stderr, flush=True)


def peers_available():
    import engines
    return list(engines.PEERS)


def command(engine, model, options, seconds):
    threads = ["--threads", str(options.threads), "--seconds", str(seconds)]
    if engine.startswith("duri-"):
        precision = engine.removeprefix("duri-")
        return [options.duri, "bench", "engine", "--json", "--model", str(model), "--precision", precision, *threads]
    return [sys.executable, str(HERE / "bench.py"), engine, str(model), *threads]


def lines(engine, model, options, seconds):
    """The JSON lines of one process, or None if it could not do its work; then its last words are passed on."""
    done = subprocess.run(
        command(engine, model, options, seconds), capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(options.threads), "PYTHONWARNINGS": "ignore"})
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        # The command line's own errors stand above its usage.
        words = next((line for line in said if line.startswith("Error:")), said[-1])
        note(f"{engine} left out: {words[:200]}")
        return None
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def measure(shape, model, engines, options):
    """[{shape, engine, workload, rounds, n, median_ms, p90_ms, tokens_per_s}]"""
    rounds = {}
    for number in range(options.rounds):
        # Another one begins in every round.
        turn = number * len(engines) // options.rounds
        for engine in engines[turn:] + engines[:turn]:
            if engine in rounds and rounds[engine] is None:
                continue
            note(f"{shape}, round {number + 1} of {options.rounds}: {engine}")
            found = lines(engine, model, options, options.seconds)
            rounds[engine] = None if found is None else rounds.get(engine, []) + found
    results = []
    for engine in engines:
        for workload in workloads.NAMES:
            found = [line for line in rounds[engine] or [] if line["workload"] == workload]
            if found:
                median = statistics.median(line["median_ms"] for line in found)
                results.append({
                    "shape": shape, "engine": engine, "workload": workload, "rounds": len(found),
                    "n": sum(line["n"] for line in found), "median_ms": round(median, 3),
                    "p90_ms": round(statistics.median(line["p90_ms"] for line in found), 3),
                    "tokens_per_s": round(sum(workloads.lengths(workload)) / median * 1e3)})
    return results


def first_vector(arguments):
    """Seconds from the start of a process to its first line of output."""
    start = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        process.stdout.read()
    return seconds if line and process.returncode == 0 else None


def cold_starts(shape, model, options):
    """Time to the first vector with the files in the page cache, by turns; the first turn is not counted."""
    starts = {
        "duri": [options.duri, "embed", "--role", "raw", "--model", str(model), TEXT],
        "sentence-transformers": [sys.executable, str(HERE / "cold_start.py"), str(model), TEXT]}
    times = {name: [] for name in starts}
    for turn in range(options.rounds + 1):
        for name, arguments in starts.items():
            seconds = first_vector(arguments)
            if seconds is None:
                note(f"{name} gave no vector")
            elif turn > 0:
                times[name].append(seconds)
    return [{"shape": shape, "engine": name, "workload": "first-vector", "n": len(found),
             "median_ms": round(statistics.median(found) * 1e3, 1)} for name, found in times.items() if found]


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", metavar="shape", help="small (default), base, large")
    parser.add_argument("--duri", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--ours", default="f32,bf16,int8", help="precisions; those this build lacks are left out")
    parser.add_argument("--peers", default="", help="names, by default all")
    parser.add_argument("--checkpoints", type=Path, default=Path(".build/peers"))
    parser.add_argument("--output", type=Path, default=Path(".build/peers/results.jsonl"))
    parser.add_argument("--chart", type=Path, default=HERE / "chart.png")
    options = parser.parse_args()
    shapes = options.shapes or ["small"]
    if unknown := set(shapes) - set(checkpoints.SHAPES):
        parser.error(f"unknown shape {', '.join(sorted(unknown))}; there are {', '.join(checkpoints.SHAPES)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    ours = [f"duri-{precision}" for precision in options.ours.split(",") if precision]
    engines = ours + (options.peers.split(",") if options.peers else peers_available())

    machine = f"{processor()}, {options.threads} threads, {date.today()}, random weights"
    results = []
    for shape in shapes:
        model = options.checkpoints / f"e5-{shape}"
        note(f"checkpoint {model}")
        checkpoints.make(shape, model)
        found = measure(shape, model, engines, options) + cold_starts(shape, model, options)
        results += found
        print(f"\nmultilingual-e5-{shape} shape; {machine}; medians of {options.rounds} rounds\n", flush=True)
        print(table.render(found), flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("".join(json.dumps(result) + "\n" for result in results))
    chart.draw(results, machine, options.chart)
    print(f"\n{options.output}: all figures; {options.chart}: the chart")


if __name__ == "__main__":
    sys.exit(main())
