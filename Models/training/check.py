"""The recipe's own test: every step on a made-up sample, about a minute on a CPU.

python check.py [--keep FOLDER]
"""
import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import sources
from common import HERE, Ids, read_lines
from composed import sentence
from cross_encoder import pair_ids
from train import contrast
from vocabulary import ks_x_1001

THINGS = [("사과", "apples"), ("바다", "the sea"), ("음악", "music"), ("기차", "trains"),
          ("고양이", "cats"), ("커피", "coffee"), ("역사", "history"), ("눈", "snow")]
WHO = [("나는", "I"), ("우리는", "We"), ("그들은", "They"), ("학생들은", "The students")]
DOES = [("좋아한다", "like"), ("그린다", "draw"), ("기억한다", "remember"), ("본다", "see")]
EVALUATION = ("그녀는 어제 도서관에 갔다.", "She went to the library yesterday.")


def sample(data):
    """A data directory with every source of the mixture, 128 pairs in the first."""
    pairs = [(f"{w[0]} {t[0]}을 {d[0]}.", f"{w[1]} {d[1]} {t[1]}.")
             for w, t, d in itertools.product(WHO, THINGS, DOES)]
    for n, s in enumerate(sources.PARALLEL + sources.LEXICON):
        own = pairs if n == 0 else [pairs[n]]  # a double, to be dropped
        lines = ["\t".join(p) for p in own + ([EVALUATION] if n == 0 else [])]
        place(data / s.file, lines)
    for s in sources.QUESTION_PAIRS:
        place(data / s.file, ["question1\tquestion2\tis_duplicate",
                              "지금 몇 시야?\t시간이 어떻게 돼?\t0", "지금 몇 시야?\t배고프다\t1"])
    place(data / sources.CHAT.file, ["배가 너무 고파\t따뜻한 밥을 드시는 게 좋겠어요."])
    place(data / "eval/tatoeba-laser/ko-en.tsv", ["\t".join(EVALUATION)] * 2)
    place(data / "eval/korsts/sts-dev.xling.tsv", [
        "score\tko\tko\ten\ten", "5\t가\t가\ta\ta", "1\t가\t나\ta\tb", "3\t다\t가나\tc\tdog"])
    klue = [dict(sentence1="가 나", sentence2=s, labels={"real-label": g})
            for s, g in (("가 나", 5.0), ("다 라", 0.0), ("가", 3.0))]
    (data / "eval/klue-sts").mkdir(parents=True)
    (data / "eval/klue-sts/klue-sts-v1.1_dev.json").write_text(json.dumps(klue))
    questions = [dict(questions=[dict(ko=f"{t[0]}에 대해 알려 주세요", en=f"tell me about {t[1]}")],
                      ko=f"{w[0]} 겨울에 {t[0]}을 찾는다.", en=f"{w[1]} look for {t[1]} in winter.")
                 for t in THINGS for w in WHO]
    place(data / "own/qa.jsonl", [json.dumps(q, ensure_ascii=False) for q in questions])


def place(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def step(name, *args):
    done = subprocess.run([sys.executable, str(HERE / name), *map(str, args)],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def expect(what, good):
    print("ok  " if good else "BAD ", what, flush=True)
    if not good:
        raise SystemExit(1)


def check_data(run):
    rows = list(read_lines(run / "rows.jsonl"))
    expect("evaluation text is dropped", all(EVALUATION[0] != r["a"] for r in rows))
    expect("doubles are dropped", len({(r["a"], r["b"]) for r in rows}) == len(rows) > 128)
    dev = list(read_lines(run / "dev.jsonl"))
    asked = [sum(r["ra"] == "q" and r["s"].endswith("/qa") for r in part) for part in (rows, dev)]
    expect("questions have answers in both languages, few of them held out",
           sum(asked) == 4 * len(THINGS) * len(WHO) and asked[0] > asked[1] > 0)
    expect("what is held out is not trained on",
           not {r["b"] for r in rows if r["ra"] == "q"} & {r["b"] for r in dev if r["ra"] == "q"})
    ids_of = Ids(run / "spm.model")
    expect("every syllable of KS X 1001 is a piece",
           all(3 not in ids_of.pieces(c) for c in ks_x_1001()))
    expect("case is folded", ids_of.pieces("The Sea") == ids_of.pieces("the sea"))
    expect("prefixes are two pieces",
           [len(ids_of.pieces(p)) for p in ("query: ", "passage: ")] == [2, 2])
    expect("a pair has its frame", pair_ids(ids_of, "a", "b")[0] == 0 and
           pair_ids(ids_of, "the", "sea")[2:4] == [2, 2])


def check_composed():
    bean, hotel = (dict(ko=k, en="a " + e, plural=e + "s") for k, e in (("콩", "bean"), ("호텔", "hotel")))
    made = [sentence(dict(ko=k, en=e), n) for k, e, n in (
        ("{을} 샀다", "I bought {a}.", bean), ("{로} 만들자", "{the} will do.", bean),
        ("{로} 가자", "{s} are far.", hotel), ("{}에서 쉬자", "{a} is near.", hotel))]
    expect("nouns take their particles and articles", made == [
        ("콩을 샀다", "I bought a bean."), ("콩으로 만들자", "The bean will do."),
        ("호텔로 가자", "Hotels are far."), ("호텔에서 쉬자", "A hotel is near.")])


def check_contrast():
    x = torch.eye(3)
    y = x.clone()
    y[1] = y[0]  # a false negative of the first
    free, masked = torch.zeros(3, 3, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.bool)
    masked[0, 1] = True
    expect("masked rows are no negatives", contrast(x[:1], y, masked[:1]) < 1e-6 <
           contrast(x[:1], y, free[:1]))


def check_resume(data, run, other):
    """Six steps at once, and three and three, end in the same weights."""
    for name in ("rows.jsonl", "dev.jsonl", "spm.model", "rows.npy", "teacher.npy", "teacher_keys.npy"):
        (other / name).write_bytes((run / name).read_bytes())
    common = ("--data", data, "--threads", 1, "--tokens", 512, "--eval-seconds", 1e9)
    step("train.py", "--run", run, "--steps", 6, "--decay", 1e-9, *common)
    step("train.py", "--run", other, "--steps", 3, "--decay", 1e-9, *common)
    step("train.py", "--run", other, "--steps", 6, "--decay", 1e-9, *common)
    a, b = (torch.load(r / "checkpoint.pt", weights_only=True) for r in (run, other))
    expect("a resumed run equals an unbroken one", a["at"] == b["at"] and all(
        torch.allclose(a["body"][k], b["body"][k], atol=1e-5) for k in a["body"]))
    before = np.load(run / "rows.npy")
    expect("training moves the weights", not np.allclose(
        before, a["body"]["embeddings.word_embeddings.weight"].numpy()))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--keep", type=Path, help="an empty folder to work in and to keep")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        top = a.keep or Path(scratch)
        data, run, other = (top / n for n in ("data", "run", "resumed"))
        other.mkdir(parents=True)
        sample(data)
        step("prepare.py", "--data", data, "--own", data / "own", "--run", run)
        step("vocabulary.py", "--run", run)
        check_data(run)
        check_composed()
        check_contrast()
        step("teacher.py", "--run", run, "--threads", 1)
        check_resume(data, run, other)
        print(step("export.py", "--run", run, "--out", top / "model", "--threads", 1))
        step("mine.py", "--run", run, "--lists", 150, "--threads", 1)
        step("cross_encoder.py", "train", "--run", run, "--steps", 3, "--threads", 1)
        print(step("cross_encoder.py", "export", "--run", run, "--out", top / "cross"))
        expect("all steps ran", (top / "cross/model.safetensors").exists())


if __name__ == "__main__":
    main()
