"""A cross-encoder with random weights: its scores mean nothing, but every step of scoring is real."""

import json
import shutil
import struct

import numpy as np

from .server import MODEL, ROOT

HIDDEN, INNER, HEADS, POSITIONS = 32, 64, 2, 512


def write_reranker(folder):
    """Writes a folder that `--reranker` takes, with the tokenizer of the tests' model; returns it."""
    folder.mkdir()
    source = ROOT / "Models" / MODEL
    for name in ("sentencepiece.bpe.model", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder)
    vocabulary = json.loads((source / "config.json").read_text())["vocab_size"]
    (folder / "config.json").write_text(json.dumps(dict(
        architectures=["BertForSequenceClassification"], model_type="bert", vocab_size=vocabulary,
        hidden_size=HIDDEN, intermediate_size=INNER, num_attention_heads=HEADS, num_hidden_layers=1,
        max_position_embeddings=POSITIONS, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu",
        pad_token_id=1, bos_token_id=0, eos_token_id=2, id2label={"0": "LABEL_0"})))
    layer = "bert.encoder.layer.0."
    matrices = {
        "bert.embeddings.word_embeddings": (vocabulary, HIDDEN),
        "bert.embeddings.position_embeddings": (POSITIONS, HIDDEN),
        "bert.embeddings.token_type_embeddings": (2, HIDDEN),
        **{f"{layer}attention.self.{name}": (HIDDEN, HIDDEN) for name in ("query", "key", "value")},
        f"{layer}attention.output.dense": (HIDDEN, HIDDEN),
        f"{layer}intermediate.dense": (INNER, HIDDEN),
        f"{layer}output.dense": (HIDDEN, INNER),
        "bert.pooler.dense": (HIDDEN, HIDDEN),
        "classifier": (1, HIDDEN),
    }
    numbers = np.random.default_rng(20261122)
    tensors = {}
    for name, shape in matrices.items():
        tensors[name + ".weight"] = numbers.normal(0, 0.4, shape)
        if "embeddings" not in name:
            tensors[name + ".bias"] = numbers.normal(0, 0.1, shape[0])
    for name in ("bert.embeddings.", f"{layer}attention.output.", f"{layer}output."):
        tensors[name + "LayerNorm.weight"] = np.ones(HIDDEN)
        tensors[name + "LayerNorm.bias"] = np.zeros(HIDDEN)
    write_safetensors(folder / "model.safetensors", tensors)
    return folder


def write_safetensors(path, tensors):
    """float32 tensors in the safetensors layout: length and JSON of the header, then the numbers."""
    header, blobs, at = {}, [], 0
    for name, values in tensors.items():
        blob = values.astype("<f4").tobytes()
        header[name] = dict(dtype="F32", shape=list(values.shape), data_offsets=[at, at + len(blob)])
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
