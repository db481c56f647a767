"""The comparison as a picture: a row of bar charts for each shape, the longest bar is the fastest engine.

    chart.py results.jsonl chart.png [TITLE]     draws an earlier run's figures again"""

import json
import sys
from pathlib import Path

import table

OURS, PEERS = "#1f6f8b", "#c9ced6"
TITLES = {
    "q16": "one text of 16 tokens\ntexts/s", "p128x32": "32 texts of 128 tokens\ntokens/s",
    "p512": "one text of 512 tokens\ntexts/s", "mixed": "128 texts of mixed lengths\ntokens/s"}


def _speed(result):
    return result["tokens_per_s"] if table.COLUMNS[result["workload"]][2] else 1e3 / result["median_ms"]


def draw(results, title, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    steady = [result for result in results if result["workload"] in TITLES]
    shapes = list(dict.fromkeys(result["shape"] for result in steady))
    if not shapes:
        return
    most = max(len({result["engine"] for result in steady if result["shape"] == shape}) for shape in shapes)
    figure, grid = pyplot.subplots(
        len(shapes), len(TITLES), figsize=(15, (0.26 * most + 1.1) * len(shapes)), squeeze=False,
        layout="constrained")
    for row, shape in zip(grid, shapes):
        for axes, (workload, heading) in zip(row, TITLES.items()):
            bars = sorted((result for result in steady if result["shape"] == shape and result["workload"] == workload),
                          key=_speed)
            names, speeds = [bar["engine"] for bar in bars], [_speed(bar) for bar in bars]
            drawn = axes.barh(names, speeds, color=[OURS if table.is_ours(name) else PEERS for name in names])
            axes.bar_label(drawn, [table.digits(speed) for speed in speeds], padding=3, fontsize=7)
            axes.set_title(f"e5-{shape}: {heading}" if len(shapes) > 1 else heading, fontsize=9)
            axes.tick_params(axis="y", labelsize=8, length=0)
            axes.set_xticks([])
            axes.margins(x=0.16)
            axes.spines[["top", "right", "bottom"]].set_visible(False)
    figure.suptitle(title, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    draw([json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()],
         sys.argv[3] if len(sys.argv) == 4 else "", Path(sys.argv[2]))
