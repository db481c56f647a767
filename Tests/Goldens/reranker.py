"""Reference logits of cross-encoders and pair tokenization, computed by Hugging Face transformers.

    reranker.py [MODEL]       writes the tiny checkpoints with their goldens into ./reranker/, and
                              tokenization-pairs.json; MODEL (default ../../Models/duri-ko-en-bootstrap)
                              is where the SentencePiece pairs' tokenizer comes from
    reranker.py golden CHECKPOINT FILE    writes a golden of any checkpoint folder
    reranker.py random KIND FOLDER        writes a random checkpoint: minilm-l6 or xlmr-base

The golden of a checkpoint is one JSON file:
    magic      "duri-reranker-golden"
    version    1
    tolerance  largest allowed difference of a logit in f32
    cases      [{label, ids: token ids of one pair, special tokens included,
                 second: index of the first token of type 1, or null, logit}]

Needs: torch, transformers, safetensors, numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification,
    BertTokenizerFast, RobertaConfig, RobertaForSequenceClassification, XLMRobertaConfig,
    XLMRobertaForSequenceClassification)

HERE = Path(__file__).parent
TOLERANCE = 1e-5
# Tokens of the query and of the passage.
TINY_LENGTHS = [(1, 1), (1, 2), (3, 1), (2, 7), (5, 11), (16, 31), (40, 20), (9, 50)]
WIDE_LENGTHS = [(1, 1), (3, 5), (8, 40), (12, 116), (20, 200), (250, 30), (8, 500)]

KEPT_CONFIGURATION = {
    "architectures", "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "intermediate_size", "max_position_embeddings", "type_vocab_size", "vocab_size",
    "layer_norm_eps", "hidden_act", "pad_token_id", "id2label", "sentence_transformers",
    "sbert_ce_default_activation_function",
}


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")


def random_pair(generator: np.random.Generator, lengths: tuple[int, int], vocabulary: int,
                limit: int, is_bert: bool) -> tuple[list[int], int | None]:
    """Ids from 4 up, framed as the kind's tokenizer does it; id 1 would be padding to RoBERTa."""
    specials = 3 if is_bert else 4
    query = generator.integers(4, vocabulary, size=min(lengths[0], limit // 2)).tolist()
    passage = generator.integers(
        4, vocabulary, size=min(lengths[1], limit - specials - len(query))).tolist()
    if is_bert:
        return [0, *query, 2, *passage, 2], len(query) + 2
    return [0, *query, 2, 2, *passage, 2], None


@torch.no_grad()
def golden(model: torch.nn.Module, lengths: list[tuple[int, int]], seed: int) -> dict:
    """Each pair alone, so that neither padding nor a mask plays a part."""
    config = model.config
    is_bert = config.model_type == "bert"
    limit = config.max_position_embeddings - (0 if is_bert else 2)
    generator = np.random.default_rng(seed)
    cases = []
    for pair in lengths:
        ids, second = random_pair(generator, pair, config.vocab_size, limit, is_bert)
        inputs = {"input_ids": torch.tensor([ids])}
        if second is not None:
            types = [0] * second + [1] * (len(ids) - second)
            inputs["token_type_ids"] = torch.tensor([types])
        logit = model(**inputs).logits[0, 0].item()
        cases.append({"label": f"{pair[0]}+{pair[1]}", "ids": ids, "second": second,
                      "logit": round(logit, 8)})
    return {"magic": "duri-reranker-golden", "version": 1, "tolerance": TOLERANCE, "cases": cases}


def randomize(model: torch.nn.Module, scale: float) -> None:
    """Weights large enough for sharp attention and for a tanh beyond its linear part."""
    generator = torch.Generator().manual_seed(17)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "LayerNorm.weight" in name:
            parameter.data = 1 + 0.2 * noise
        else:
            parameter.data = (0.3 if parameter.dim() == 1 else scale) * noise


def write_checkpoint(folder: Path, model: torch.nn.Module, dtype: torch.dtype, prefix: bool,
                     extra: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    base = model.base_model_prefix + "."
    weights = {name if prefix else name.removeprefix(base): value.to(dtype).contiguous()
               for name, value in model.state_dict().items()
               if "position_ids" not in name and "token_type_ids" not in name}
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = model.config.to_dict() | {"architectures": [type(model).__name__]} | extra
    config = {key: value for key, value in config.items() if key in KEPT_CONFIGURATION}
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    # A folder opens only with a tokenizer; this one is never asked for ids.
    pieces = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581a", -1.0]]
    write_json(folder / "tokenizer.json",
               {"version": "1.0", "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces}})
    # The model computes with the weights as stored, widened again to float32.
    stored = load_file(str(folder / "model.safetensors"))
    named = {name if prefix or name.startswith("classifier") else base + name: value.float()
             for name, value in stored.items()}
    missing = model.load_state_dict(named, strict=False).missing_keys
    assert all("position_ids" in name or "token_type_ids" in name for name in missing), missing


def write_tiny() -> None:
    shape = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                 vocab_size=101, num_labels=1, attn_implementation="eager")
    bert = dict(max_position_embeddings=64, type_vocab_size=2, layer_norm_eps=1e-12,
                pad_token_id=0, **shape)
    roberta = dict(max_position_embeddings=66, type_vocab_size=1, layer_norm_eps=1e-5,
                   pad_token_id=1, bos_token_id=0, eos_token_id=2, **shape)
    identity = {"sentence_transformers": {
        "activation_fn": "torch.nn.modules.linear.Identity", "version": "4.1.0"}}
    old = {"sbert_ce_default_activation_function": "torch.nn.modules.activation.Sigmoid"}
    checkpoints = {
        "bert": (BertForSequenceClassification(BertConfig(**bert)), torch.float32, True, identity),
        "roberta-f16": (RobertaForSequenceClassification(RobertaConfig(**roberta)),
                        torch.float16, True, old),
        "xlm-roberta": (XLMRobertaForSequenceClassification(XLMRobertaConfig(**roberta)),
                        torch.float32, False, {}),
    }
    for number, (name, (model, dtype, prefix, extra)) in enumerate(checkpoints.items()):
        model.eval()
        randomize(model, 0.4)
        folder = HERE / "reranker" / name
        write_checkpoint(folder, model, dtype, prefix, extra)
        write_json(folder / "golden.json", golden(model, TINY_LENGTHS, 23 + number))
        print(name, "written")


def write_random(kind: str, folder: Path) -> None:
    """A checkpoint of a published model's shape with random weights."""
    if kind == "minilm-l6":
        config = BertConfig(
            hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
            vocab_size=30522, num_labels=1)
        model = BertForSequenceClassification(config)
    else:
        config = XLMRobertaConfig(
            hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
            vocab_size=250002, max_position_embeddings=514, type_vocab_size=1,
            layer_norm_eps=1e-5, num_labels=1)
        model = XLMRobertaForSequenceClassification(config)
    randomize(model.eval(), 0.05)
    write_checkpoint(folder, model, torch.float32, True, {})


def write_golden(checkpoint: str, file: str) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    write_json(Path(file), golden(model, WIDE_LENGTHS, 5))
    print(file, "written")


# Texts without special tokens or characters on which Hugging Face's tokenizers and SentencePiece
# differ: what is tested is how pairs are framed and cut.
TEXTS = [
    "서울", "how do I reset my password?", "대한민국의 수도는 서울이다.",
    "서울에서 부산까지 기차로 얼마나 걸리나요?",
    "The committee postponed its decision until the new figures are in.",
    "두 사람은 오랫동안 아무 말 없이 강가를 걸었다. 해가 지고 불빛이 하나둘 켜질 때까지 돌아가자고 하지 않았다.",
    "word " * 40,
]
PAIRS = [(0, 0), (0, 1), (1, 0), (1, 2), (3, 4), (4, 3), (0, 5), (5, 0), (5, 5), (5, 6), (6, 5)]

# BERT's words are looked up in the test, so the framing is all that is compared.
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{n}" for n in range(30)]


def word_text(first: int, count: int) -> str:
    return " ".join(f"w{(first + n) % 30}" for n in range(count))


def write_pairs(model: str) -> None:
    unigram = AutoTokenizer.from_pretrained(model)
    vocabulary = HERE / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS) + "\n")
    bert = BertTokenizerFast(str(vocabulary))
    vocabulary.unlink()
    assert len(bert) == len(WORDS)
    words = [(word_text(0, n), word_text(11, m)) for n in (1, 2, 3, 4, 7) for m in (1, 2, 4, 5, 9)]

    def cases(tokenizer, pairs, limits):
        found = []
        for query, passage in pairs:
            for side in ("right", "left"):
                tokenizer.truncation_side = side
                whole = len(tokenizer(query, passage)["input_ids"])
                for limit in sorted({n for n in limits if n < whole} | {whole}):
                    out = tokenizer(query, passage, truncation="longest_first", max_length=limit,
                                    return_token_type_ids=True)
                    found.append({"query": query, "passage": passage, "limit": limit, "side": side,
                                  "ids": out["input_ids"], "types": sum(out["token_type_ids"])})
        return found

    write_json(HERE / "tokenization-pairs.json", {
        "magic": "duri-tokenization", "version": 1,
        "unigram": cases(unigram, [(TEXTS[a], TEXTS[b]) for a, b in PAIRS],
                         [6, 7, 8, 9, 12, 15, 16, 21, 40, 61]),
        "words": WORDS,
        "bert": cases(bert, words, range(5, 20)),
    })
    print("pairs written")


if __name__ == "__main__":
    if sys.argv[1:2] == ["golden"] and len(sys.argv) == 4:
        write_golden(sys.argv[2], sys.argv[3])
    elif sys.argv[1:2] == ["random"] and len(sys.argv) == 4:
        write_random(sys.argv[2], Path(sys.argv[3]))
    elif len(sys.argv) <= 2:
        write_tiny()
        write_pairs(sys.argv[1] if len(sys.argv) == 2
                    else str(HERE.parent.parent / "Models" / "duri-ko-en-bootstrap"))
    else:
        sys.exit(__doc__)
