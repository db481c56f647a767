"""The character tables of the BERT tokenizer, read off the tokenizers library.

    python Tests/Goldens/wordpiece_tables.py

Run from the root of the package; writes Sources/Tokenization/BertCharacterTables.swift. The library
mixes several versions of Unicode (old categories and decompositions, new case mappings), so every
code point is asked about instead of taking one version's database.
"""

import pathlib
import textwrap
import unicodedata

from tokenizers import normalizers, pre_tokenizers
import tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TARGET = pathlib.Path("Sources/Tokenization/BertCharacterTables.swift")


def bert(**on):
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False,
           "lowercase": False}
    return normalizers.BertNormalizer(**{**off, **on}).normalize_str


def runs(points):
    """Ranges [first, last]."""
    found = []
    for c in points:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def ranges_text(points):
    """Each range as its distance from the end of the one before, and its length."""
    words, last = [], 0
    for first, end in runs(points):
        words.append(f"{first - last:x} {end - first + 1:x}")
        last = end + 1
    return words


def main():
    nfd, lower = normalizers.NFD().normalize_str, bert(lowercase=True)
    strip, clean = bert(strip_accents=True), bert(clean_text=True)
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

    decomposed = {c: nfd(chr(c)) for c in POINTS}
    decomposed = {c: d for c, d in decomposed.items() if d != chr(c)}
    whole = [c for c in POINTS if c not in decomposed]
    marks = [c for c in whole if strip(chr(c)) == ""]

    # A mark that the library gives a class changes places with one of class 1 or of class 230; the
    # number of the class is the same in all versions.
    classes = {}
    for c in whole:
        number = unicodedata.combining(chr(c))
        moves = nfd("a" + chr(c) + "\u0334") != "a" + chr(c) + "\u0334" or \
            nfd("a\u0301" + chr(c)) != "a\u0301" + chr(c)
        assert not moves or number, hex(c)
        if moves:
            classes[c] = number
    punctuation, spaces = [], []
    for c in POINTS:
        words = [word for word, _ in split("a" + chr(c) + "a")]
        if words == ["a", "a"]:
            spaces.append(c)
        elif len(words) == 3:
            punctuation.append(c)
    removed = [c for c in POINTS if clean(chr(c)) == ""]
    lowered = {c: lower(chr(c)) for c in POINTS if lower(chr(c)) != chr(c)}
    assert [c for c in lowered if len(lowered[c]) > 1] == [0x130]
    del lowered[0x130]

    class_runs = sorted(
        (first, end, number) for number in set(classes.values())
        for first, end in runs(c for c in classes if classes[c] == number))
    class_words, last = [], 0
    for first, end, number in class_runs:
        class_words.append(f"{first - last:x} {end - first + 1:x} {number:x}")
        last = end + 1

    decompositions, last = [], 0
    for c, text in decomposed.items():
        if 0xAC00 <= c <= 0xD7A3:
            continue
        decompositions.append(f"{c - last:x}=" + ",".join(f"{ord(part):x}" for part in text))
        last = c + 1

    # Runs of one distance to the small letter, one or two code points apart.
    lower_words, last, points = [], 0, list(lowered)
    while points:
        first, best = points[0], None
        delta = ord(lowered[first]) - first
        for step in (1, 2):
            count = 1
            while lowered.get(first + count * step, "\0") == chr(first + count * step + delta):
                count += 1
            if best is None or count > best[0]:
                best = (count, step)
        count, step = best
        taken = {first + i * step for i in range(count)}
        points = [c for c in points if c not in taken]
        sign = "-" if delta < 0 else ""
        lower_words.append(f"{first - last:x} {count:x} {step:x} {sign}{abs(delta):x}")
        last = first

    def literal(name, doc, words, separator):
        lines = textwrap.wrap(
            separator.join(words), 94, break_long_words=False, break_on_hyphens=False)
        body = "\n".join("    " + line for line in lines)
        return f'{doc}\n  static let {name}: StaticString = """\n{body}\n    """\n'

    small = [c for c in removed if c < 0xE000 or 0xF8FF < c < 0xF0000]
    parts = [
        literal("spaces", "  /// White_Space: words end there.", ranges_text(spaces), "  "),
        literal(
            "removed",
            "  /// Control and format characters, and U+FFFD; private use is told by its ranges.",
            ranges_text(small), "  "),
        literal(
            "punctuation", "  /// Each of these is a word of its own.", ranges_text(punctuation),
            "  "),
        literal("marks", "  /// Nonspacing marks: stripped accents.", ranges_text(marks), "  "),
        literal(
            "combiningClasses", "  /// Canonical combining classes other than 0, a third number.",
            class_words, "  "),
        literal(
            "smallLetters",
            "  /// Distance from the first letter of the run before, letters, step, distance to\n"
            "  /// the small letter.\n  /// U+0130, the only one with two, is not among them.",
            lower_words, "  "),
        literal(
            "decompositions",
            "  /// Full canonical decompositions without Hangul: distance from the one before =\n"
            "  /// characters.",
            decompositions, " "),
    ]
    TARGET.write_text(
        f"""// Written by Tests/Goldens/wordpiece_tables.py, tokenizers {tokenizers.__version__}.
// Not to be edited.

/// What the tokenizers library takes each character for, in hexadecimal numbers.
///
/// A table of ranges has two numbers for each: the distance from the end of the one before, and how
/// many characters it has. No one version of Unicode has all of it: categories are those of 8.0,
/// decompositions those of 9.0, small letters those of 17.0.
enum BertCharacterTables {{
""" + "\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
