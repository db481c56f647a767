"""Data preparation: reads the sources, drops evaluation text and doubles, writes rows.jsonl, and
dev.jsonl: our own rows that are held out, to steer by.

Every row is two texts a, b with roles ra, rb (q, p, or s = same meaning, either prefix) and the
English ta, tb whose teacher vectors they should have (null: none). A translation has ra = rb = s,
ta = tb = b. g: rows of one group say the same thing and are never each other's negatives.
"""
import argparse
import collections
import random
import re
import unicodedata
import zlib
from pathlib import Path

from common import HERE, SEED, read_lines, write_lines
from composed import composed
import sources

HELD_OUT = 25  # one in so many of our own pairs and passages goes to dev.jsonl
RUN = 6  # words in a row that our own text may not share with the demo corpus
HANGUL = re.compile("[가-힣]")


def key(text):
    """What two texts share when they differ only in case, spacing and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


def columns(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        for line in f:
            yield [c.strip() for c in line.rstrip("\n").split("\t")]


def evaluation_keys(data):
    """Keys of every sentence in data/eval, in either language."""
    keys = set()
    for path in sorted((data / "eval").rglob("*")):
        if path.suffix == ".tsv":
            keys |= {key(c) for row in columns(path) for c in row if len(c) > 8}
        elif path.suffix == ".json":
            text = path.read_text(encoding="utf-8")
            keys |= {key(c) for c in re.findall(r'"sentence[12]": "([^"]+)"', text)}
    return keys


def runs(text):
    """Every RUN words in a row."""
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i: i + RUN]) for i in range(len(words) - RUN + 1)}


def demo_keys(folder):
    """Of the demo corpus, which is evaluation data: keys of every sentence, title and question, and
    every run of words."""
    keys, words = set(), set()
    for path in (folder / "corpus.jsonl", folder / "queries.jsonl"):
        for r in read_lines(path) if path.exists() else ():
            parts = [r.get("title", ""), r["text"], *re.split(r"(?<=[.?!])\s+", r["text"])]
            keys |= {key(t) for t in parts if len(t) > 8}
            words |= runs(r["text"])
    return keys, words


def row(a, b, ta, tb, ra, rb, source, weight, group):
    return dict(a=a, b=b, ta=ta, tb=tb, ra=ra, rb=rb, s=source, w=weight, g=group)


def passages(pairs, rng, source, weight, new_group):
    """Windows of 3 to 6 neighbouring pairs: a long translation, and a sentence against the rest."""
    i = 0
    while i + 3 <= len(pairs):
        n = rng.randint(3, 6)
        part = pairs[i: i + n]
        i += n
        ko, en = (" ".join(p[k] for p in part) for k in (0, 1))
        if not 20 <= len(en.split()) <= 90:
            continue
        g = new_group()
        yield row(ko, en, en, en, "s", "s", source + "#long", weight, g)
        at = max(range(len(part)), key=lambda k: len(part[k][1]))
        if len(part[at][1].split()) < 6:
            continue
        rest = part[:at] + part[at + 1:]
        rko, ren = (" ".join(p[k] for p in rest) for k in (0, 1))
        kq, kp = rng.choice([(0, 0), (0, 1), (1, 0)])
        yield row(part[at][kq], (rko, ren)[kp], part[at][1], ren, "q", "p", source + "#context",
                  weight, g)


def own_rows(folder, new_group, demo_runs):
    """pairs*.jsonl {ko, en} and qa*.jsonl {title: {ko, en}, questions: [{ko, en}], ko, en: the passage}."""
    for path in sorted([*folder.glob("pairs*.jsonl"), *folder.glob("qa*.jsonl")]):
        for r in read_lines(path):
            asked = [*r.get("questions", ()), *([r["title"]] if "title" in r else ())]
            texts = [t[lang] for t in (r, *asked) for lang in ("ko", "en")]
            if any(demo_runs & runs(t) for t in texts):
                continue
            g = new_group()
            held = zlib.crc32(r["en"].encode()) % HELD_OUT == 0
            name = ("dev/" if held else "own/") + path.stem
            yield row(r["ko"], r["en"], r["en"], r["en"], "s", "s", name, sources.OWN, g)
            for q in asked:  # a title finds its body as a question does
                yield row(q["ko"], q["en"], q["en"], q["en"], "s", "s", name, 1.0, new_group())
                for query in (q["ko"], q["en"]):
                    for passage in (r["ko"], r["en"]):
                        yield row(query, passage, q["en"], r["en"], "q", "p", name, sources.OWN, g)


def all_rows(data, own, demo_runs, rng):
    count = iter(range(1, 1 << 40))
    new_group = lambda: next(count)
    for s in sources.PARALLEL + sources.LEXICON:
        name = Path(s.file).stem
        every = list(columns(data / s.file))
        keep = min(1.0, 12 * s.weight)  # of a source drawn thinly, a part is enough
        pairs, g = [], 0
        for i, c in enumerate(every):
            if s.group == 0 or i % s.group == 0:
                g = new_group()
                chosen = rng.random() < keep
            ko, en = c[0], c[1].lstrip("# ")
            if not HANGUL.search(ko) or not en or len(en) > 600 or len(ko) > 400:
                continue
            pairs.append((ko, en))
            if chosen:
                yield row(ko, en, en, en, "s", "s", name, s.weight / keep, g)
        if s.document:
            yield from passages(pairs, rng, name, s.weight, new_group)
    for s in sources.QUESTION_PAIRS:
        for c in columns(data / s.file):
            if len(c) > 2 and c[2] == "0" and key(c[0]) != key(c[1]):
                yield row(c[0], c[1], None, None, "q", "q", "question-pair", s.weight, new_group())
    for c in columns(data / sources.CHAT.file):
        if len(c) > 1 and len(c[1]) > 8:
            yield row(c[0], c[1], None, None, "q", "p", "chatbot-qa", sources.CHAT.weight,
                      new_group())
    yield from own_rows(own, new_group, demo_runs)
    for ko, en in composed(own, sources.FRAMES_EACH, rng):
        yield row(ko, en, en, en, "s", "s", "own/composed", sources.COMPOSED, new_group())


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, default=HERE / "../../../shared/data")
    p.add_argument("--own", type=Path, default=HERE / "data", help="folder of *.jsonl")
    p.add_argument("--demo", type=Path, default=HERE / "../../Sources/DemoCorpus/Resources",
                   help="the demo corpus, to be kept out")
    p.add_argument("--run", type=Path, required=True)
    a = p.parse_args()
    a.run.mkdir(parents=True, exist_ok=True)
    demo, demo_runs = demo_keys(a.demo)
    banned, seen, rows, dev = evaluation_keys(a.data) | demo, set(), [], []
    table = collections.defaultdict(lambda: [0, 0.0])
    dropped = doubles = 0
    for r in all_rows(a.data, a.own, demo_runs, random.Random(SEED)):
        ka, kb = key(r["a"]), key(r["b"])
        if ka in banned or kb in banned:
            dropped += 1
        elif not ka or not kb or (ka, kb) in seen:
            doubles += 1
        else:
            seen.add((ka, kb))
            if r["s"].startswith("dev/"):
                dev.append(r)
                continue
            rows.append(r)
            table[r["s"]][0] += 1
            table[r["s"]][1] += r["w"]
    write_lines(a.run / "rows.jsonl", rows)
    write_lines(a.run / "dev.jsonl", dev)
    for name, (n, w) in sorted(table.items(), key=lambda kv: -kv[1][1]):
        print(f"{name:40} {n:7} rows {w:8.0f} drawn per epoch")
    print(f"{len(rows)} rows, {sum(r['w'] for r in rows):.0f} drawn per epoch; "
          f"{dropped} were evaluation text, {doubles} doubles, {len(dev)} held out")


if __name__ == "__main__":
    main()
