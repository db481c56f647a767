"""`duri eval` against numpy, scipy, scikit-learn and pytrec_eval, from the vectors that `duri embed` gives."""

import json
import os
import subprocess
import xml.dom.minidom

import numpy
import pytest

from support.server import BINARY, ROOT

pytrec_eval = pytest.importorskip("pytrec_eval")
stats = pytest.importorskip("scipy.stats")
metrics = pytest.importorskip("sklearn.metrics")

KOREAN = ["고양이가 소파에서 자고 있다.", "비가 많이 온다.", "그는 기타를 친다.", "아이들이 공원에서 논다.",
          "김치를 담그는 방법", "서울은 한국의 수도이다.", "기차가 늦게 도착했다.", "커피 한 잔 주세요."]
ENGLISH = ["A cat is sleeping on the sofa.", "It is raining a lot.", "He plays the guitar.",
           "Children are playing in the park.", "How to make kimchi", "Seoul is the capital of Korea.",
           "The train arrived late.", "A cup of coffee, please."]


def run(*arguments, code=0):
    result = subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=300,
        env={"DURI_MODELS": str(ROOT / "Models"), **os.environ})
    assert result.returncode == code, result.stderr
    return result.stdout if code == 0 else result.stderr


def vectors(texts, role, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(texts) + "\n")
    lines = run("embed", "--role", role, "--normalize", file).splitlines()
    return numpy.array([json.loads(line)["embedding"] for line in lines])


def evaluated(*arguments):
    """Row name to measure name to (value, low, high)."""
    report = json.loads(run("eval", *arguments, "--json"))
    return report, {row["name"]: {measure["name"]: (measure["value"], measure["low"], measure["high"])
                                  for measure in row["measures"]} for row in report["rows"]}


def check(measure, expected):
    value, low, high = measure
    assert value == pytest.approx(expected, abs=1e-6)
    assert low - 1e-9 <= value <= high + 1e-9


def check_chart(path, bars):
    """A picture that parses, with a described bar for every number."""
    picture = xml.dom.minidom.parse(str(path))
    assert len(picture.getElementsByTagName("title")) == bars


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Queries in both languages, some hard, one without an answer; documents in both languages."""
    folder = tmp_path_factory.mktemp("beir")
    documents = [{"_id": f"{language}{number}", "title": "", "text": text, "metadata": {"lang": language}}
                 for language, texts in (("ko", KOREAN), ("en", ENGLISH)) for number, text in enumerate(texts)]
    documents[3]["title"] = "공원"
    queries = [("q0", "ko", "자는 고양이"), ("q1", "en", "weather with rain"), ("q2", "ko", "기타 연주"),
               ("q3", "en", "playground kids"), ("q4", "ko", "김치 만들기"), ("q5", "en", "capital city"),
               ("q6", "ko", "답이 없는 질문")]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents))
    (folder / "queries.jsonl").write_text("".join(
        json.dumps({"_id": i, "text": t, "metadata": {"lang": l, "hard": i in ("q3", "q4")}},
                   ensure_ascii=False) + "\n" for i, l, t in queries))
    qrels = {f"q{n}": {f"ko{n}": 2, f"en{n}": 1, f"en{n + 1}": 0} for n in range(6)}
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(
        f"{q}\t{d}\t{grade}\n" for q, judged in qrels.items() for d, grade in judged.items()))
    return folder, documents, [q for q in queries if q[0] in qrels], qrels


def trec(scores, qrels, k):
    """Means of trec_eval's measures."""
    evaluator = pytrec_eval.RelevanceEvaluator(
        qrels, {f"ndcg_cut.{k}", f"recall.{k}", f"P.{k}", f"map_cut.{k}", "recip_rank"})
    results = evaluator.evaluate(scores).values()
    mean = {name: numpy.mean([result[key] for result in results]) for name, key in {
        f"ndcg@{k}": f"ndcg_cut_{k}", f"recall@{k}": f"recall_{k}", f"precision@{k}": f"P_{k}",
        f"map@{k}": f"map_cut_{k}"}.items()}
    ranks = [result["recip_rank"] for result in results]
    return {**mean, f"mrr@{k}": numpy.mean([rank if rank >= 1 / k - 1e-9 else 0 for rank in ranks])}


def test_retrieval(collection, tmp_path):
    folder, documents, queries, qrels = collection
    passages = [f"{d['title']} {d['text']}".strip() for d in documents]
    scores = vectors([t for _, _, t in queries], "query", tmp_path) @ vectors(passages, "passage", tmp_path).T
    chart = tmp_path / "chart.svg"
    report, rows = evaluated(
        "retrieval", folder, "--direction", "all,ko-en,en-ko", "--k", "1,5", "--plot", chart)
    assert report["model"]["fingerprint"] and report["model"]["precision"] == "f32"
    assert list(rows) == ["all", "all hard", "ko-en", "ko-en hard", "en-ko", "en-ko hard"]
    for name, (asking, among) in {"all": (None, None), "ko-en": ("ko", "en"), "en-ko": ("en", "ko")}.items():
        columns = [c for c, d in enumerate(documents) if among in (None, d["metadata"]["lang"])]
        ids = [documents[c]["_id"] for c in columns]
        for suffix, hard in (("", False), (" hard", True)):
            chosen = [r for r, (i, l, _) in enumerate(queries)
                      if asking in (None, l) and (not hard or i in ("q3", "q4"))]
            run_ = {queries[r][0]: {i: float(scores[r, c]) for i, c in zip(ids, columns)} for r in chosen}
            judged = {q: {d: g for d, g in qrels[q].items() if d in ids} for q in run_}
            for k in (1, 5):
                for measure, expected in trec(run_, judged, k).items():
                    check(rows[name + suffix][measure], expected)
    check_chart(chart, 6 * 10)


@pytest.mark.parametrize("mode", ["text", "hybrid"])
def test_other_modes_find_words(collection, mode):
    folder, *_ = collection
    report, rows = evaluated("retrieval", folder, "--mode", mode, "--direction", "ko-ko")
    assert report["mode"] == mode and ("model" in report) == (mode == "hybrid")
    # 고양이, 기타 and 김치 stand in query and document alike.
    assert rows["ko-ko"]["recall@10"][0] == 1
    assert rows["ko-ko"]["mrr@10"][0] > 0.6


def test_retrieval_limit(collection):
    report, rows = evaluated("retrieval", collection[0], "--limit", "2")
    assert report["rows"][0]["items"] == 2


def test_sts(tmp_path):
    first, second = KOREAN + ENGLISH, ENGLISH[1:] + ENGLISH[:1] + KOREAN
    scores = [round((i * 7 % 11) / 2, 1) for i in range(16)]
    file = tmp_path / "sts.tsv"
    file.write_text("id\tscore\tsentence1\tsentence2\n" + "".join(
        f"{i}\t{s}\t{a}\t{b}\n" for i, (s, a, b) in enumerate(zip(scores, first, second))))
    cosines = (vectors(first, "symmetric", tmp_path) * vectors(second, "symmetric", tmp_path)).sum(axis=1)
    chart = tmp_path / "chart.svg"
    report, rows = evaluated("sts", file, "--plot", chart)
    assert report["rows"][0]["items"] == 16 and report["texts"] == 32
    check(rows["sts.tsv"]["spearman"], stats.spearmanr(cosines, scores)[0])
    check(rows["sts.tsv"]["pearson"], stats.pearsonr(cosines, scores)[0])
    check_chart(chart, 2)
    assert evaluated("sts", file, "--columns", "2,sentence1,4")[1] == rows


def test_sts_layouts(tmp_path):
    both = tmp_path / "sts.xling.tsv"
    both.write_text("score\tko_sentence1\tko_sentence2\ten_sentence1\ten_sentence2\n" + "".join(
        f"{i % 5}\t{KOREAN[i]}\t{KOREAN[(i * 3) % 8]}\t{ENGLISH[i]}\t{ENGLISH[(i * 3) % 8]}\n" for i in range(8)))
    _, rows = evaluated("sts", both)
    names = [f"sts.xling.tsv {pair}" for pair in ("ko-ko", "en-en", "ko-en", "en-ko")]
    assert list(rows) == names
    _, chosen = evaluated("sts", both, "--columns", "score,ko_sentence1,en_sentence2")
    assert chosen["sts.xling.tsv"] == rows[names[2]]
    klue = tmp_path / "klue.json"
    klue.write_text(json.dumps([{"sentence1": KOREAN[i], "sentence2": ENGLISH[(i * 3) % 8],
                                 "labels": {"label": i % 5}} for i in range(8)]))
    plain = tmp_path / "plain.tsv"
    plain.write_text("".join(f"{i % 5}\t{KOREAN[i]}\t{ENGLISH[(i * 3) % 8]}\n" for i in range(8)))
    _, others = evaluated("sts", klue, plain)
    assert others["klue.json"] == others["plain.tsv"] == rows[names[2]]


def test_bitext(tmp_path):
    # The last two are no translations of each other, so that something is missed.
    second = ENGLISH[:6] + [ENGLISH[7], ENGLISH[6]]
    file = tmp_path / "ko-en.tsv"
    file.write_text("".join(f"{a}\t{b}\n" for a, b in zip(KOREAN, second)))
    a, b = vectors(KOREAN, "symmetric", tmp_path), vectors(second, "symmetric", tmp_path)
    _, rows = evaluated("bitext", file)
    gold = list(range(8))
    for name, found in (("forward", (a @ b.T).argmax(axis=1)), ("backward", (b @ a.T).argmax(axis=1))):
        check(rows[name]["accuracy"], metrics.accuracy_score(gold, found))
        check(rows[name]["f1"], metrics.f1_score(gold, found, average="weighted", zero_division=0))
        check(rows[name]["precision"],
              metrics.precision_score(gold, found, average="weighted", zero_division=0))


@pytest.mark.parametrize("arguments, message", [
    (["retrieval", "no-such-folder"], "holds no .tsv file"),
    (["sts", "no-such-file.tsv"], "cannot be read"),
    (["bitext", "no-such-file.tsv"], "cannot be read"),
])
def test_missing_files_are_named(arguments, message):
    assert message in run("eval", *arguments, code=2)


def test_faults_name_the_line(tmp_path):
    file = tmp_path / "sts.tsv"
    file.write_text("score\tsentence1\tsentence2\n1\ta\tb\nmuch\ta\tb\n")
    assert "sts.tsv:3: the score is not a number" in run("eval", "sts", file, code=2)
    file.write_text("only one column\n")
    assert "--columns" in run("eval", "sts", file, code=2)


def test_unknown_direction_is_told(collection):
    assert "metadata.lang" in run("eval", "retrieval", collection[0], "--direction", "ko-ja", code=2)
    assert "--direction" in run("eval", "retrieval", collection[0], "--direction", "ko", code=64)
