"""Reference vectors of the encoder, computed by Hugging Face transformers in float32.

    encoder.py tiny                     writes the tiny checkpoints and their goldens into ./encoder/
    encoder.py golden CHECKPOINT FILE   writes a golden of any checkpoint folder (BERT or XLM-RoBERTa)

A golden is one JSON file:
    magic      "duri-encoder-golden"
    version    1
    tolerance  largest allowed difference of any component of the L2-normalised vectors
    cases      [{label, ids: token ids of one text, special tokens included,
                 vectors: {pooling: L2-normalised vector}}]

Needs: torch, transformers, safetensors, numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

TOLERANCE = 2e-6
TINY_LENGTHS = [1, 2, 3, 7, 16, 17, 64, 129, 512]
WIDE_LENGTHS = [1, 2, 3, 5, 15, 16, 17, 31, 64, 100, 127, 128, 129, 200, 255, 256, 257, 400, 511, 512]


def pooled(hidden: torch.Tensor) -> dict[str, torch.Tensor]:
    """hidden (n, H), the last hidden state of one text -> one vector (H) per pooling."""
    return {
        "mean": hidden.mean(dim=0),
        "cls": hidden[0],
        "max": hidden.max(dim=0).values,
        "last_token": hidden[-1],
    }


def random_ids(generator: np.random.Generator, length: int, vocabulary: int) -> list[int]:
    """Ids from 3 up: id 1 is padding to XLM-RoBERTa, which then shifts its positions."""
    return generator.integers(3, vocabulary, size=length).tolist()


@torch.no_grad()
def golden(model: torch.nn.Module, texts: list[list[int]], poolings: list[str],
           after=lambda vector: vector) -> dict:
    """Each text alone, so that neither padding nor a mask plays a part. `after` stands for what
    follows pooling: vector (H) -> vector."""
    cases = []
    for ids in texts:
        hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        vectors = pooled(hidden)
        cases.append({
            "label": f"{len(ids)} tokens",
            "ids": ids,
            "vectors": {
                name: rounded(torch.nn.functional.normalize(after(vectors[name]).double(), dim=0))
                for name in poolings
            },
        })
    return {
        "magic": "duri-encoder-golden", "version": 1, "tolerance": TOLERANCE, "cases": cases,
    }


def rounded(vector: torch.Tensor) -> list[float]:
    """Eight decimals: far below the tolerance for components of a unit vector."""
    return [round(x, 8) for x in vector.tolist()]


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def tiny_checkpoint(folder: Path, model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Weights large enough for sharp attention and for activations beyond their linear part."""
    generator = torch.Generator().manual_seed(7)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "LayerNorm.weight" in name:
            parameter.data = 1 + 0.2 * noise
        elif parameter.dim() == 1:
            parameter.data = 0.3 * noise
        else:
            parameter.data = 0.4 * noise
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.to(dtype).contiguous() for name, value in model.state_dict().items()
               if "position_ids" not in name and "token_type_ids" not in name}
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    config = {key: value for key, value in model.config.to_dict().items()
              if key in KEPT_CONFIGURATION}
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    # A folder opens only with a tokenizer; this one is never asked for ids.
    pieces = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581a", -1.0]]
    write_json(folder / "tokenizer.json",
               {"version": "1.0", "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces}})


KEPT_CONFIGURATION = {
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "max_position_embeddings", "type_vocab_size", "vocab_size", "layer_norm_eps", "hidden_act",
    "pad_token_id", "position_embedding_type",
}


def write_tiny() -> None:
    shape = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                 vocab_size=101)
    bert = dict(max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12,
                pad_token_id=0, **shape)
    roberta = dict(max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
                   pad_token_id=1, bos_token_id=0, eos_token_id=2, **shape)
    checkpoints = {
        "bert-f32": (BertModel, BertConfig(hidden_act="gelu", **bert), torch.float32),
        "bert-bf16-gelu-new": (BertModel, BertConfig(hidden_act="gelu_new", **bert), torch.bfloat16),
        "xlm-roberta-f32": (XLMRobertaModel, XLMRobertaConfig(hidden_act="gelu", **roberta),
                            torch.float32),
        "xlm-roberta-f16-relu": (XLMRobertaModel, XLMRobertaConfig(hidden_act="relu", **roberta),
                                 torch.float16),
    }
    generator = np.random.default_rng(11)
    for name, (kind, config, dtype) in checkpoints.items():
        folder = Path(__file__).parent / "encoder" / name
        config._attn_implementation = "eager"
        model = kind(config, add_pooling_layer=False).eval()
        tiny_checkpoint(folder, model, dtype)
        # The model computes with the weights as stored, widened again to float32.
        stored = load_file(str(folder / "model.safetensors"))
        model.load_state_dict({key: value.float() for key, value in stored.items()}, strict=False)
        texts = [random_ids(generator, length, config.vocab_size) for length in TINY_LENGTHS]
        write_json(folder / "golden.json",
                   golden(model, texts, ["mean", "cls", "max", "last_token"]))
        print(folder.name, "written")


def write_tiny_with_dense() -> None:
    """Sentence-transformers layout: body, mean pooling, Dense 32 -> 10 with tanh, Normalize."""
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=48,
        vocab_size=29, max_position_embeddings=24, type_vocab_size=2, attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).eval()
    folder = Path(__file__).parent / "encoder" / "bert-dense"
    tiny_checkpoint(folder, model, torch.float32)
    generator = torch.Generator().manual_seed(3)
    weight = 0.3 * torch.randn(10, 32, generator=generator)
    bias = 0.3 * torch.randn(10, generator=generator)
    kinds = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"),
             ("Normalize", "3_Normalize")]
    write_json(folder / "modules.json", [
        {"idx": index, "name": str(index), "path": path,
         "type": f"sentence_transformers.models.{kind}"} for index, (kind, path) in enumerate(kinds)])
    (folder / "1_Pooling").mkdir(exist_ok=True)
    write_json(folder / "1_Pooling" / "config.json",
               {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True})
    (folder / "2_Dense").mkdir(exist_ok=True)
    write_json(folder / "2_Dense" / "config.json",
               {"in_features": 32, "out_features": 10, "bias": True,
                "activation_function": "torch.nn.modules.activation.Tanh"})
    save_file({"linear.weight": weight, "linear.bias": bias},
              str(folder / "2_Dense" / "model.safetensors"), metadata={"format": "pt"})
    numbers = np.random.default_rng(13)
    texts = [random_ids(numbers, length, config.vocab_size) for length in (1, 5, 24)]
    write_json(folder / "golden.json",
               golden(model, texts, ["mean"], lambda v: torch.tanh(weight @ v + bias)))
    print(folder.name, "written")


def write_golden(checkpoint: str, file: str) -> None:
    model = AutoModel.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    generator = np.random.default_rng(5)
    texts = [random_ids(generator, length, model.config.vocab_size) for length in WIDE_LENGTHS]
    write_json(Path(file), golden(model, texts, ["mean", "cls"]))
    print(file, "written")


if __name__ == "__main__":
    if sys.argv[1:] == ["tiny"]:
        write_tiny()
        write_tiny_with_dense()
    elif len(sys.argv) == 4 and sys.argv[1] == "golden":
        write_golden(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
