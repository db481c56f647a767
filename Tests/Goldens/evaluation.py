"""Reference numbers of the evaluation, computed by pytrec_eval, scipy and scikit-learn.

    evaluation.py                       writes mining/evaluation.json

    rankings      [{scores: {query: {document: score}}, judgements, cutoff,
                    measures: {query: {ndcg, mrr, recall, precision, map}}}]
    correlations  [{x, y, pearson, spearman}]
    bitexts       [{found, accuracy, f1, precision}]       as MTEB's bitext mining computes them
    bootstraps    [{values, seed, resamples, low, high}]   percentiles by numpy, draws by SplitMix64

Needs: numpy, pytrec-eval-terrier, scikit-learn, scipy.
"""

import json
from pathlib import Path

import numpy as np
import pytrec_eval
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, precision_score

MASK = (1 << 64) - 1


def splitmix(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        value = state
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
        yield value ^ (value >> 31)


def ranking(generator, cutoff, queries=12, documents=40, found=25):
    """Scores of few digits, so that there are ties."""
    names = [f"d{number}" for number in range(documents)]
    scores, judgements = {}, {}
    for query in range(queries):
        chosen = generator.choice(names, found, replace=False)
        scores[f"q{query}"] = {str(d): float(s) for d, s in zip(chosen, generator.integers(0, 9, found) / 8)}
        judged = generator.choice(names, generator.integers(1, 9), replace=False)
        judgements[f"q{query}"] = {str(d): int(g) for d, g in zip(judged, generator.integers(-1, 4, len(judged)))}
    names = {"ndcg": f"ndcg_cut_{cutoff}", "recall": f"recall_{cutoff}", "precision": f"P_{cutoff}",
             "map": f"map_cut_{cutoff}"}
    evaluator = pytrec_eval.RelevanceEvaluator(
        judgements, {name.rsplit("_", 1)[0] + f".{cutoff}" for name in names.values()} | {"recip_rank"})
    measures = {}
    for query, result in evaluator.evaluate(scores).items():
        measures[query] = {name: result[key] for name, key in names.items()}
        # trec_eval knows no cutoff of the reciprocal rank: one below 1 / k comes from behind it.
        rank = result["recip_rank"]
        measures[query]["mrr"] = rank if rank >= 1 / cutoff - 1e-12 else 0
    return {"scores": scores, "judgements": judgements, "cutoff": cutoff, "measures": measures}


def correlation(x, y):
    return {"x": x.tolist(), "y": y.tolist(), "pearson": float(pearsonr(x, y)[0]),
            "spearman": float(spearmanr(x, y)[0])}


def bitext(found):
    gold = list(range(len(found)))
    return {"found": found, "accuracy": accuracy_score(gold, found),
            "f1": f1_score(gold, found, average="weighted", zero_division=0),
            "precision": precision_score(gold, found, average="weighted", zero_division=0)}


def bootstrap(values, seed, resamples):
    numbers = splitmix(seed)
    draws = [[(next(numbers) * len(values)) >> 64 for _ in values] for _ in range(resamples)]
    low, high = np.percentile(np.array(values)[np.array(draws)].mean(axis=1), [2.5, 97.5])
    return {"values": values, "seed": seed, "resamples": resamples, "low": low, "high": high}


def main():
    generator = np.random.default_rng(3)
    x = generator.normal(size=60)
    noisy = np.round(x + generator.normal(size=60), 1)
    result = {
        "rankings": [ranking(generator, cutoff) for cutoff in (1, 5, 10, 100)],
        "correlations": [correlation(x, noisy), correlation(np.round(x, 0), np.round(noisy, 0)),
                         correlation(np.round(x, 1), -noisy ** 3)],
        "bitexts": [bitext([0, 1, 2, 3]), bitext([1, 1, 1, 3, 3, 5]),
                    bitext(generator.integers(0, 30, 30).tolist())],
        "bootstraps": [bootstrap(np.round(generator.uniform(size=37), 3).tolist(), seed, 1_000)
                       for seed in (0, 42)],
    }
    path = Path(__file__).parent / "mining" / "evaluation.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
