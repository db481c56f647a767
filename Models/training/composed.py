"""Composed sentences: nouns of our own (data/nouns.jsonl) in frames of our own (data/frames.jsonl).

A word met once is not learnt; a sentence for every word and every use cannot be written. A noun is
{"kind", "ko", "en": "a cucumber", "plural": "cucumbers"}; a frame is {"kinds", "ko", "en"} with one
place for a noun on each side: {이} {을} {은} {과} {로} {이다} {} in Korean, where the particle follows
the noun's last letter, and {a} {the} {s} in English.
"""
import re

from common import read_lines

PLACE = re.compile(r"\{(이다|이|을|은|과|로|)\}")
PARTICLES = {"이": ("이", "가"), "을": ("을", "를"), "은": ("은", "는"), "과": ("과", "와"),
             "로": ("으로", "로"), "이다": ("이다", "다"), "": ("", "")}
RIEUL = 8  # ㄹ as a final, after which 로 stands as after a vowel


def with_particle(noun, name):
    """The noun with the form of the particle that fits its last syllable."""
    final = (ord(noun[-1]) - ord("가")) % 28
    open_ = final == 0 or (name == "로" and final == RIEUL)
    return noun + PARTICLES[name][open_]


def sentence(frame, noun):
    """(Korean, English)."""
    ko = PLACE.sub(lambda m: with_particle(noun["ko"], m.group(1)), frame["ko"])
    bare = re.sub(r"^(a|an|the) ", "", noun["en"])
    en = frame["en"]
    for mark, text in (("{a}", noun["en"]), ("{the}", "the " + bare), ("{s}", noun["plural"])):
        en = en.replace(mark, text)
    return ko, en[0].upper() + en[1:]


def composed(folder, each, rng):
    """Yields (Korean, English): every noun in at most `each` frames of its kind."""
    names = [folder / f"{n}.jsonl" for n in ("nouns", "frames")]
    if not all(n.exists() for n in names):
        return
    nouns, frames = (list(read_lines(n)) for n in names)
    for noun in nouns:
        fitting = [f for f in frames if noun["kind"] in f["kinds"]]
        for frame in rng.sample(fitting, min(each, len(fitting))):
            yield sentence(frame, noun)
