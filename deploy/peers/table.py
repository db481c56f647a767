"""The comparison as a Markdown table."""

# workload: (heading, field, whether more is better)
COLUMNS = {
    "q16": ("q16 ms", "median_ms", False),
    "p128x32": ("p128x32 tokens/s", "tokens_per_s", True),
    "p512": ("p512 ms", "median_ms", False),
    "mixed": ("mixed tokens/s", "tokens_per_s", True),
}


def is_ours(engine):
    return engine == "duri" or engine.startswith("duri-")


def value(result):
    """In the unit of the workload's column."""
    return result[COLUMNS[result["workload"]][1]]


def digits(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _best(results, workload):
    peers = [value(result) for result in results if result["workload"] == workload and not is_ours(result["engine"])]
    return (max if COLUMNS[workload][2] else min)(peers) if peers else None


def render(results):
    """Engines below one another; below each of ours how many times the best peer's speed it has."""
    lines = ["| engine | " + " | ".join(heading for heading, _, _ in COLUMNS.values()) + " |",
             "|---" * (len(COLUMNS) + 1) + "|"]
    steady = [result for result in results if result["workload"] in COLUMNS]
    best = {workload: _best(steady, workload) for workload in COLUMNS}
    for engine in dict.fromkeys(result["engine"] for result in steady):
        figures = {result["workload"]: value(result) for result in steady if result["engine"] == engine}
        cells = []
        for workload, (_, _, more_is_better) in COLUMNS.items():
            figure = figures.get(workload)
            if figure is None:
                cells.append("–")
            elif is_ours(engine) and best[workload]:
                ratio = figure / best[workload] if more_is_better else best[workload] / figure
                cells.append(f"{digits(figure)} ({ratio:.2f}×)")
            else:
                cells.append(f"**{digits(figure)}**" if figure == best[workload] else digits(figure))
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    lines += ["", "×: speed against the best peer's, which is in bold."]
    starts = [f"{result['engine']} {result['median_ms'] / 1e3:.2f} s"
              for result in results if result["workload"] == "first-vector"]
    if starts:
        lines.append("From the start of the process to the first vector: " + ", ".join(starts) + ".")
    return "\n".join(lines)
