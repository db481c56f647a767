"""A made-up Unigram tokenizer as large as XLM-RoBERTa's, so that opening a random checkpoint costs what opening a real
one costs. Its pieces mean nothing."""

import json
import random
from pathlib import Path

SIZE = 250_002


def pieces():
    seen = {}
    for special in ["<s>", "<pad>", "</s>", "<unk>", "▁"]:
        seen[special] = None
    for code in [*range(0x21, 0x7F), *range(0xAC00, 0xD7A4)]:
        seen[chr(code)] = None
    drawn = random.Random(11)
    latin = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
    hangul = [chr(code) for code in range(0xAC00, 0xD7A4, 7)]
    while len(seen) < SIZE - 1:
        syllables = latin if drawn.random() < 0.7 else hangul
        word = "".join(drawn.choice(syllables) for _ in range(drawn.randint(1, 5)))
        seen[("▁" if drawn.random() < 0.6 else "") + word] = None
    return [*seen, "<mask>"]


def write(folder):
    """tokenizer.json and tokenizer_config.json."""
    vocabulary = [[piece, 0.0 if index < 4 else -6.0 - 8.0 * index / SIZE] for index, piece in enumerate(pieces())]
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": SIZE - 1}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    frame = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
             {"SpecialToken": {"id": "</s>", "type_id": 0}}]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True} for text, number in special.items()],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
        "post_processor": {
            "type": "TemplateProcessing", "single": frame,
            "pair": frame + [{"Sequence": {"id": "B", "type_id": 0}}, frame[2]],
            "special_tokens": {text: {"id": text, "ids": [special[text]], "tokens": [text]}
                               for text in ("<s>", "</s>")}},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": False},
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "bos_token": "<s>", "eos_token": "</s>",
        "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
        "model_input_names": ["input_ids", "attention_mask"]}
    for name, content in [("tokenizer.json", tokenizer), ("tokenizer_config.json", settings)]:
        (Path(folder) / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
