"""Reference results of mining, computed by sentence-transformers and scikit-learn.

    mining.py                           writes mining/mining.json

The file holds `vectors` (rows of float32, in groups around common directions, of different lengths) and, by
number of row, what the Python libraries make of them:
    paraphrases   [{neighbours, limit, pairs: [[score, i, j]]}]       util.paraphrase_mining_embeddings
    communities   [{threshold, minimum_size, groups: [[i]]}]          util.community_detection
    search        {queries, limit, hits: [[[i, score]]]}              util.semantic_search
    cosines       row-major matrix of the first rows                  util.cos_sim
    clusterings   [{start: rows, labels, inertia}]                    sklearn.cluster.KMeans
    projection    {points, shares}                                    sklearn.decomposition.PCA

Needs: numpy, scikit-learn, sentence-transformers, torch.
"""

import json
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import util
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

ROWS, GROUPS, DIMENSION = 150, 9, 12


def rounded(numbers, digits):
    return np.round(np.asarray(numbers, np.float64), digits).tolist()


def made_vectors(generator):
    centres = generator.normal(size=(GROUPS, DIMENSION))
    group = generator.integers(0, GROUPS, size=ROWS)
    spread = generator.uniform(0.1, 0.7, size=(ROWS, 1))
    vectors = centres[group] + spread * generator.normal(size=(ROWS, DIMENSION))
    # Numbers of few digits are the same float32 on both sides.
    return np.round(vectors * generator.uniform(0.3, 1.2, size=(ROWS, 1)), 4).astype(np.float32)


def paraphrases(vectors, neighbours, limit):
    pairs = util.paraphrase_mining_embeddings(torch.tensor(vectors), top_k=neighbours, max_pairs=limit)
    return {"neighbours": neighbours, "limit": limit,
            "pairs": [[round(score, 7), i, j] for score, i, j in pairs]}


def communities(vectors, threshold, minimum_size):
    groups = util.community_detection(
        torch.tensor(vectors), threshold=threshold, min_community_size=minimum_size)
    return {"threshold": threshold, "minimum_size": minimum_size, "groups": groups}


def search(vectors, queries, limit):
    hits = util.semantic_search(torch.tensor(queries), torch.tensor(vectors), top_k=limit)
    return {"queries": rounded(queries, 4), "limit": limit,
            "hits": [[[hit["corpus_id"], round(hit["score"], 7)] for hit in found] for found in hits]}


def clustering(vectors, start):
    start = np.asarray(start, np.float32)
    means = KMeans(len(start), init=start, n_init=1, max_iter=100, tol=0, algorithm="lloyd").fit(vectors)
    return {"start": rounded(start, 4), "labels": means.labels_.tolist(), "inertia": float(means.inertia_)}


def projection(vectors):
    pca = PCA(2, svd_solver="full").fit(vectors.astype(np.float64))
    axes = [axis * np.sign(axis[np.argmax(np.abs(axis))]) for axis in pca.components_]
    points = (vectors - pca.mean_) @ np.array(axes).T
    return {"points": rounded(points / np.abs(points).max(), 7),
            "shares": pca.explained_variance_ratio_.tolist()}


def main():
    generator = np.random.default_rng(5)
    vectors = made_vectors(generator)
    queries = np.round(generator.normal(size=(5, DIMENSION)), 4).astype(np.float32)
    far = np.full((1, DIMENSION), 50, np.float32)
    result = {
        "vectors": rounded(vectors, 4),
        "paraphrases": [paraphrases(vectors, k, n)
                        for k, n in [(8, 500_000), (1, 500_000), (100, 50), (3, 100)]],
        "communities": [communities(vectors, t, n) for t, n in [(0.75, 10), (0.6, 3), (0.9, 2), (0.3, 25)]],
        "search": search(vectors, queries, 7),
        "cosines": rounded(util.cos_sim(vectors[:12], vectors[:12]).flatten(), 7),
        "clusterings": [clustering(vectors, vectors[:9]), clustering(vectors, vectors[20:25]),
                        clustering(vectors, np.concatenate([vectors[:3], far, -far]))],
        "projection": projection(vectors),
    }
    path = Path(__file__).parent / "mining" / "mining.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n[") + "\n")


if __name__ == "__main__":
    main()
