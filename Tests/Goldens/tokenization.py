"""Goldens of the tokenizer, made with Python's sentencepiece.

    python Tests/Goldens/tokenization.py [SHARED]

Run from the root of the package. SHARED (default ../shared) is a folder with models/ and data/;
without it only the built-in model's goldens are written. Writes beside this file:

  tokenization-bootstrap.json, tokenization-xlmr.json   ids and byte ranges of a few hundred texts
  tokenization-hashes.json                              one hash per data file, over all its lines

Ids are those of the model: SentencePiece's mapped as fairseq does. A hash is FNV-1a (64 bits) over
32-bit little-endian words: the ids of a text, then 0xffffffff; ranges are hashed the same way as
begin, end.

Needs sentencepiece 0.2.2 or later: earlier versions order pieces of equal total score otherwise.
"""

import json
import os
import pathlib
import sys
import unicodedata

import numpy
import sentencepiece

HERE = pathlib.Path(__file__).parent
MAGIC, VERSION = "duri-tokenization", 1
PARALLEL_LINES = 20_000

KOREAN = """
안녕하세요, 세계!
대한민국의 수도는 서울이다.
오늘 날씨가 참 좋네요.
무엇보다도 호스트분들이 너무 친절하셨습니다.
검색 엔진은 질문과 문서를 벡터로 바꾸어 견준다.
나는 학교에 갔다가 도서관에 들렀다.
동해물과 백두산이 마르고 닳도록 하느님이 보우하사 우리나라 만세
띄어쓰기가없는문장도토큰으로나뉘어야한다
ㅋㅋㅋㅋㅋ ㅠㅠ ㅎㅎ
뷁쀍쒧 똠방각하 펲시콜라 햏햏
값어치, 닭볶음탕, 읊조리다, 핥다, 괜찮아
제3회 2024년 11월 22일 오후 3시 30분
가격은 ₩12,500원 (부가세 10% 포함)입니다.
"인용문"과 ‘작은따옴표’, “큰따옴표”, 「낫표」, 『겹낫표』, 《화살괄호》
그는 말했다… 그리고—침묵했다·가운뎃점
한글 漢字 혼용문: 大韓民國은 民主共和國이다.
전화번호는 02-123-4567, 이메일은 user@example.com
https://example.com/검색?q=한국어&page=2#결과
훈민정음 ㆍ ㆆ ㅿ ㆁ 옛글자
ᄒᆞᆫ글 나랏말ᄊᆞ미 듕귁에 달아
""".strip().split("\n")

ENGLISH = """
Hello World!
The quick brown fox jumps over the lazy dog.
BERT is designed to pre-train deep bidirectional representations from unlabeled text.
how much protein should a female eat
query: how much protein should a female eat
passage: As a general guideline, the CDC's average requirement for women is 46 grams per day.
It's 5 o'clock; don't you think we're late?
E = mc^2, x_1 + x_2 >= 3.14159e-10
for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }
C++17, .NET 8, node.js, F#, ASP.NET Core
antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis
UPPER lower CamelCase snake_case kebab-case SCREAMING_CASE
1 22 333 4444 55555 666666 1,234,567.89 0x1F 1e9
a b c d e f g
supercalifragilisticexpialidocious!!!???...
I ♥ NY ★ ☆ → ← ↑ ↓ ✓ ✗
naïve café résumé Zürich Øresund Łódź İstanbul ıssız
½ cup, 25 °C, 10 µm, n² + m³, ™ © ®
ﬁne ﬂuﬀy oﬃce waﬄe
Ⅷ ⅳ ① ⑳ ㈜ ㎏ ㎢ ㏇
""".strip().split("\n")

MIXED = """
Swift 언어로 작성한 embedding 서버
gRPC와 HTTP/2를 이해하는 server입니다
iPhone15를 샀는데 battery가 금방 닳아요ㅠㅠ
AI가 도와주는 code review, 정말 좋을까?
Python의 list comprehension은 [x for x in 목록] 꼴이다
日本語とカタカナ、ひらがな混じり文。
ｽﾅｯﾌﾟﾘﾝｸﾞ　SC-40
ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ ｶﾞｷﾞｸﾞｹﾞｺﾞ ｱｲｳｴｵ
ﾡﾢﾣ ￦１２３ Ｆｕｌｌｗｉｄｔｈ　ＡＢＣ
中文：南瓜的家常做法，简体與繁體。
这里有一只鹂鸟
Привет, мир! Съешь ещё этих мягких французских булок
שלום עולם مرحبا بالعالم
السَّلَامُ عَلَيْكُمْ ﷺ ﷽
नमस्ते दुनिया क्षत्रिय
สวัสดีชาวโลก ภาษาไทยไม่มีช่องว่าง
Xin chào thế giới, tiếng Việt có dấu: ặ ệ ộ ữ
Ελληνικά: Καλημέρα κόσμε, ΰ ΐ
ქართული ენა Հայերեն ភាសាខ្មែរ
ꦧꦱꦗꦮ 𐌰𐌱𐌲 𓀀𓀁𓀂 𝒜𝓑𝔠 𝟘𝟙𝟚
""".strip().split("\n")

EMOJI = [
    "😀", "😀😃😄", "👍🏽 좋아요", "👨‍👩‍👧‍👦 가족", "🇰🇷🇺🇸 국기", "❤️ vs ❤", "1️⃣2️⃣3️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England",
    "커피☕️와 케이크🍰", "🤷🏻‍♀️?", "\U0001FAE8\U0001FAF7", "^^ ;; -_-;; (╯°□°）╯︵ ┻━┻",
]

SPECIALS = [
    "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<s></s>", "a <s> b </s> c", "<mask> 채우기", "<S>",
    "< s >",
    "<s>문장</s><pad><pad>", "<unk><unk>", "text<mask>text", "</s></s>", "[CLS] [SEP] [MASK]",
    "<0x41> <0xEA>",
    "<|endoftext|>", "▁", "▁▁", "▁Hello▁World", "Hello ▁ World", "＜ｓ＞ ﹤unk﹥", "<\u200bs>",
    "<s\u0301>",
]

SPACES = [
    " ", "  ", "\t", "\n", "\r\n", " a", "a ", "  a  b  ", "a\tb", "a\nb", "a\r\nb", "a\n\n\nb",
    "\n\na",
    "a\u00a0b", "a\u3000b", "a\u2003b", "a\u200bb", "a\u2028b\u2029c", "a\u0085b", "a\u1680b",
    "a\u202fb",
    "\u200b", "\ufeff", "\ufeffBOM", "a\ufeffb", "a\u2060b", "a\u00adb", "  query: x",
    "query:  x", "x \u200b ",
]

ODD = [
    "", "\0", "a\0b", "\0\0\0", "가\0나", "\x01\x02\x1f\x7f", "a\x07b\x1bc", "\x80\x9f", "\u0301",
    "\u0301a",
    "e\u0301", "a\u0301\u0302\u0303\u0304", "\u0e31\u0e31", "\uffff", "\ufffe x", "\U0010ffff",
    "\ufdd0",
    "\ufffd", "a\ufffdb", "\ue000\ue001", "\U000f0000", "\u202eabc\u202c", "\u200f\u200e",
    "\u2066x\u2069",
    "\u1100", "\u1161", "\u11a8", "\u1100\u1100\u1161\u11a8", "\uac00\u11a8", "\u1100\u1161",
    "\u3131\u314f",
    "\u212a \u2126 \u212b", "\ufb01", "\u01c4\u01c5\u01c6", "\u1e9b\u0323", "\u0344", "\u0958",
    "\u2adc",
    "\U0001d15e", "\ufdfa", "\u320e\u321e\u327e", "\ufe0f", "\u20e3", "\U000e0041", "\u0f73",
    "\u0fb2\u0f81",
]

COMPOSED = [
    "각", "한글", "안녕하세요, 세계!", "대한민국의 수도는 서울이다.", "값어치 닭볶음탕 읊조리다", "뷁쀍쒧",
    "Swift 언어로 작성한 서버", "학교school학교", "가각간갇갈감갑갓강갖갗같갚갛",
]

LONG = [
    "가" * 300, "a" * 500, "ab" * 300, "뷁" * 100, "鹂" * 100, "\ue000" * 200, "!" * 200,
    "0123456789" * 40,
    "한글 " * 100, "word " * 100, "\u0301" * 150, "😀" * 80, "！" * 120, "ㅋ" * 101, "½" * 60,
    "３．３３３３３３３" * 5, "=-" * 50,
    "|---|-----|" * 9, "https://example.com/" + "path/" * 60,
]


def texts():
    decomposed = [unicodedata.normalize("NFD", t) for t in COMPOSED]
    result = (
        KOREAN + ENGLISH + MIXED + EMOJI + SPECIALS + SPACES + ODD + COMPOSED + decomposed
        + [unicodedata.normalize("NFD", t) for t in KOREAN[:8] + MIXED[16:18]]
        + [unicodedata.normalize("NFKC", t) for t in MIXED[6:9]]
        + ["query: " + t for t in KOREAN[:6] + MIXED[:4]]
        + [" ".join(KOREAN), "\n".join(ENGLISH), "\t".join(MIXED)] + LONG
    )
    return list(dict.fromkeys(result))


class Model:
    def __init__(self, path):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def encode(self, text):
        """(ids, flat byte ranges)"""
        ids, ranges = [], []
        for piece in self.processor.encode(text, return_type="proto").pieces:
            ids.append({0: 3, 1: 0, 2: 2}.get(piece.id, piece.id + 1))
            ranges += [piece.begin, piece.end]
        return ids, ranges


FNV_OFFSET, FNV_PRIME, MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def fnv(state, words):
    for byte in numpy.asarray(words, dtype="<u4").tobytes():
        state = ((state ^ byte) * FNV_PRIME) & MASK
    return state


def lines_of(path, limit):
    """Each line; then, if it has tabs, each of its columns."""
    lines = path.read_bytes().decode("utf-8").split("\n")
    for line in lines[:limit]:
        yield line
        columns = line.split("\t")
        if len(columns) > 1:
            yield from columns


def write(name, value):
    header = {"magic": MAGIC, "version": VERSION, "sentencepiece": sentencepiece.__version__}
    text = json.dumps({**header, **value}, ensure_ascii=True, separators=(",", ":"))
    # One case per line, for readable diffs.
    for key in ("text", "path"):
        text = text.replace(f'{{"{key}"', f'\n{{"{key}"')
    (HERE / name).write_text(text + "\n")


def write_cases(name, model):
    cases = []
    for text in texts():
        ids, ranges = model.encode(text)
        cases.append({"text": text, "ids": ids, "ranges": ranges})
    write(name, {"cases": cases})


def main():
    if tuple(int(part) for part in sentencepiece.__version__.split(".")[:3]) < (0, 2, 2):
        sys.exit("sentencepiece 0.2.2 or later is needed")
    shared = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    models = {"bootstrap": Model("Models/duri-ko-en-bootstrap/sentencepiece.bpe.model")}
    xlmr = shared / "models/xlm-roberta-tokenizer/sentencepiece.bpe.model"
    if xlmr.exists():
        models["xlmr"] = Model(xlmr)
    for name, model in models.items():
        write_cases(f"tokenization-{name}.json", model)
    if len(models) < 2:
        return

    parallel = sorted((shared / "data/parallel").iterdir())
    files = [(path, None) for path in sorted((shared / "data/eval").rglob("*")) if path.is_file()]
    files += [(path, PARALLEL_LINES // len(parallel)) for path in parallel]
    hashes = []
    for path, limit in files:
        for name, model in models.items():
            texts_seen, tokens, id_hash, range_hash = 0, 0, FNV_OFFSET, FNV_OFFSET
            for text in lines_of(path, limit):
                ids, ranges = model.encode(text)
                texts_seen, tokens = texts_seen + 1, tokens + len(ids)
                id_hash = fnv(id_hash, ids + [0xFFFFFFFF])
                range_hash = fnv(range_hash, ranges + [0xFFFFFFFF])
            hashes.append({
                "path": os.path.relpath(path, shared), "lines": limit, "model": name,
                "texts": texts_seen, "tokens": tokens, "ids": f"{id_hash:016x}",
                "ranges": f"{range_hash:016x}",
            })
    write("tokenization-hashes.json", {"files": hashes})


if __name__ == "__main__":
    main()
