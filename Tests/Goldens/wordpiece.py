"""Goldens of the BERT tokenizer, made with transformers.

    python Tests/Goldens/wordpiece.py

Run from the root of the package. Writes beside this file:

  tokenization-wordpiece.json             ids and byte ranges of a few hundred texts, for a small
                                          vocabulary of our own and several settings
  tokenization-wordpiece-characters.json  hashes over the words of texts around every code point

Special tokens typed in a text stay text (`encode_special_tokens`). Ranges are the library's, except
that a character that several tokens are made of belongs to the last of them: a range ends where
the next one begins, at the latest. Hashes are those of tokenization.py: FNV-1a over the characters
of each word, 0xffffffff, begin, end.
"""

import json
import pathlib
import sys
import tempfile

import tokenizers
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tokenization

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

WORDS = """
the of and to in a is it hello world quick brown fox jump over lazy dog un aff able bert pre train
deep seoul capital korea embed search server query passage naive cafe resume strasse istanbul sep
cls pad unk mask a1 http example com Hello World The Seoul
한국 서울 안녕 하세요 대한 민국 도서관 는 은 이 가 을 를 에 의 수도
привет мир ελλαδα σας こんにちは カタカナ 世 界 中 文 日 本 漢 字 國 😀 👍
""".split()

CONTINUED = """
ing ed s er est able ly tion al ize ful less ness fox dog 국 울 녕 하세요 민국 관 는 은 이 가 을 를 에
의 니다 입 вет ир αδα ς σ にちは タカナ
""".split()

LETTERS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789éèüñçßøæıŁłđ"
    "абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρστυφχψω"
    "אבגדהוזחטיךכלםמןנסעףפץצקרשתاأبتثجحخدذرزسشصضطظعغفقكلمنهوي"
)
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡§«·»¿—–‘’“”…、。「」『』《》！？，．：；（）₩€½＂"
KANA = "".join(map(chr, range(0x3041, 0x3097))) + "".join(map(chr, range(0x30A1, 0x30FB)))
JAMO = "".join(map(chr, [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))
SYLLABLES = "가나다라마바사아자차카타파하고노도로모보소오조초각난달람밥삿강김이박서울한국어날씨좋"

EXTRA = """
[SEP]
[CLS] hello [SEP] world [SEP]
[PAD][UNK][MASK]
[sep] [Sep] [ SEP ] ＳＥＰ [SEP
hello[SEP]world ##ing ing ##s
unaffable UNAFFABLE Unaffable!! unaffableness
The Capital of Korea is Seoul.
İstanbul ISTANBUL ıstanbul İİ I\u0307
STRASSE straße STRAẞE ẞ
ΣΑΣ σας ΕΛΛΆΔΑ ΟΔΟΣ
ÀÉÎÕÜ ñ Ñ ç Å Ø ǅ ǆ
e\u0301 a\u0323\u0301 a\u0301\u0323 é\u0323 \u0344\u0316a ạ\u0308\u0304
한국어 검색 서버 한국의 수도는 서울이다 대한민국
\u1112\u1161\u11ab\u1100\u116e\u11a8 \u1100\u1161\u11a8\u11a8 \uac00\u11a8 ㅎㅏㄴ
世界中の文字 日本語hello漢字 國國世 \uf900\ufa0e\U0002f800\U00020000\U0002b820\U0002b920
a\u0085b a\u000bb a\u000cb a\u001cb a\u00a0b a\u2028b a\u3000b a\u200bb a\ufeffb a\u00adb a\ufffdb
a\x00b \x00 \x7f a\u180eb a\u0600b a\u08e2b a\ue000b a\U000f0000b a\U000e0001b a\U000e0041b
x\u037ey x\u1fefy x\u2260y x\u226ey x\u2000y x\u2001y x\u00b4y x\u1ffdy x\u166dy x\u2e43y x\u2e42y
\u0f73\u0f72 \u0f71\u0f74\u0f72 \u0f72\u0f73\u0f74 \u09c7\u09be \u0bca \u0dde
\U0001d15e \U0001d165\u0301
\u302e\u0301 a\u302f\u302e\u0323 한\u302e국 \u20e3 1\ufe0f\u20e3 \U000e0100a
a\u034fb a\u0301\u034f\u0323
\u1c89 \ua7cb \U00010d50 \U00016ea0 \u10a0 \u13a0 \uab70 \u2c2f \ua64a \u1c88
""".strip("\n").split("\n")


def vocabulary():
    pieces = [*SPECIAL, *WORDS, *LETTERS, *PUNCTUATION, *KANA, *JAMO, *SYLLABLES]
    pieces += ["##" + piece for piece in [*CONTINUED, *LETTERS, *KANA, *JAMO, *SYLLABLES]]
    # Jamo of the Korean words, as an uncased model has them.
    lower = normalizer().normalize_str
    pieces += [lower(word) for word in WORDS] + ["##" + lower(word) for word in CONTINUED]
    return list(dict.fromkeys(pieces))


def normalizer(**settings):
    return tokenizers.normalizers.BertNormalizer(**settings)


SETTINGS = [
    {"do_lower_case": True},
    {"do_lower_case": False},
    {"do_lower_case": True, "strip_accents": False},
    {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
]


def long_words():
    return [
        "a" * 100, "a" * 101, "é" * 100, "é" * 101, "e\u0301" * 100, "e\u0301" * 101, "한" * 33,
        "한" * 34, "각" * 34, "a\u200b" * 100, "x" + "a" * 99 + "." + "a" * 101, "世" * 120,
        "!" * 120, "☃" * 5, "hello" * 20, "hello" * 21, "İ" * 50, "İ" * 51, "\u0301" * 300,
        "a" + "\u0323\u0301" * 60, "word " * 50 + "a" * 500 + " word",
    ]


def ids_and_ranges(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    bounds = [0]
    for character in text:
        bounds.append(bounds[-1] + len(character.encode()))
    ranges = [[bounds[begin], bounds[end]] for begin, end in encoding.offsets]
    for here, following in zip(ranges, ranges[1:]):
        here[1] = min(here[1], following[0])
    return encoding.ids, [bound for pair in ranges for bound in pair]


def write_cases(folder):
    words = vocabulary()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    # All settings have the cases of the first texts, the usual two have all.
    special = list(dict.fromkeys(EXTRA + long_words()))
    texts = list(dict.fromkeys(special + tokenization.texts()))
    models = []
    for settings in SETTINGS:
        tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"), **settings)
        backend = tokenizer.backend_tokenizer
        backend.encode_special_tokens = True
        cases = []
        for text in texts if len(settings) == 1 else special:
            ids, ranges = ids_and_ranges(backend, text)
            cases.append({"ids": ids, "ranges": ranges})
        models.append({"settings": settings, "cases": cases})
    write("tokenization-wordpiece.json", {"words": words, "texts": texts, "models": models})


def blocks():
    """First and last code point of each block that is hashed."""
    yield from ((first, first + 0x7FF) for first in range(0, 0x20000, 0x800))
    yield from ((first, first + 0x3FFF) for first in range(0x20000, 0x30000, 0x4000))
    yield from [(0xE0000, 0xE0FFF), (0xFFF00, 0x1000FF), (0x10FF00, 0x10FFFF)]


def write_characters():
    split = tokenizers.pre_tokenizers.BertPreTokenizer()
    settings = [
        {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
         "lowercase": True},
        {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False,
         "lowercase": True},
        {"clean_text": False, "handle_chinese_chars": True, "strip_accents": True,
         "lowercase": False},
    ]
    models = []
    for one in settings:
        normalize, hashes = normalizer(**one), []
        for first, last in blocks():
            state = tokenization.FNV_OFFSET
            for point in range(first, last + 1):
                if 0xD800 <= point < 0xE000:
                    continue
                # Marks of classes 1, 222 and 240, none of which is stripped from all of them.
                text = tokenizers.PreTokenizedString(
                    f"a{chr(point)}\u0334\u302e\u0345 {chr(point)}b")
                text.normalize(normalize.normalize)
                split.pre_tokenize(text)
                for word, (begin, end), _ in text.get_splits("original", "byte"):
                    values = [ord(character) for character in word] + [0xFFFFFFFF, begin, end]
                    state = tokenization.fnv(state, values)
            hashes.append({"first": first, "last": last, "hash": f"{state:016x}"})
        models.append({"settings": one, "blocks": hashes})
    write("tokenization-wordpiece-characters.json", {"models": models})


def write(name, value):
    header = {
        "magic": tokenization.MAGIC, "version": tokenization.VERSION,
        "transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
    }
    text = json.dumps({**header, **value}, ensure_ascii=True, separators=(",", ":"))
    for key in ("ids", "first", "settings"):
        text = text.replace(f'{{"{key}"', f'\n{{"{key}"')
    (tokenization.HERE / name).write_text(text + "\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_cases(pathlib.Path(folder))
    write_characters()


if __name__ == "__main__":
    main()
