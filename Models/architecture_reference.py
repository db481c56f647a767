"""The forward pass of ARCHITECTURE.md in numpy: to read, and to hold other implementations against. Slow and exact.

    architecture_reference.py vector FOLDER ID...    the vector of one text, given as token ids with <s> and </s>
    architecture_reference.py check FOLDER           compares with FOLDER/golden.json (see Tests/Goldens/encoder.py)

FOLDER is in Hugging Face layout with safetensors. T tokens, H hidden size, A heads, d = H / A.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])
ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
}
POOLINGS = {
    "mean": lambda h: h.mean(axis=0),
    "cls": lambda h: h[0],
    "max": lambda h: h.max(axis=0),
    "mean_sqrt_len_tokens": lambda h: h.sum(axis=0) / math.sqrt(len(h)),
    "lasttoken": lambda h: h[-1],
}


def read_json(path, default=None):
    return json.loads(path.read_text()) if path.is_file() else default


def read_safetensors(path):
    """{name: array of float64}: a header length (8 bytes, little-endian), a JSON header, the numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__" or entry["dtype"] not in ("F32", "F16", "BF16"):
            continue
        begin, end = (start + offset for offset in entry["data_offsets"])
        kind = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[entry["dtype"]]
        array = np.frombuffer(data[begin:end], kind)
        if entry["dtype"] == "BF16":  # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array.astype(np.float64).reshape(entry["shape"])
    return tensors


class Model:
    def __init__(self, folder):
        folder = Path(folder)
        self.config = read_json(folder / "config.json")
        tensors = read_safetensors(folder / "model.safetensors")
        anchor = "embeddings.word_embeddings.weight"
        prefix = next(name for name in tensors if name.endswith(anchor)).removesuffix(anchor)
        self.tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        xlmr = self.config["model_type"] == "xlm-roberta"
        self.first_position = self.config["pad_token_id"] + 1 if xlmr else 0
        self.pooling, self.dense, self.normalizes = "mean", [], True
        modules = read_json(folder / "modules.json")
        if modules:
            self.normalizes = any(module["type"].endswith(".Normalize") for module in modules)
        for module in modules or []:
            options = read_json(folder / module["path"] / "config.json", {})
            if module["type"].endswith(".Pooling"):
                flags = [key for key, value in options.items() if key.startswith("pooling_mode_") and value]
                name = options.get("pooling_mode") or flags[0].removeprefix("pooling_mode_")
                self.pooling = {"mean_tokens": "mean", "cls_token": "cls", "max_tokens": "max"}.get(name, name)
            if module["type"].endswith(".Dense"):
                weights = read_safetensors(folder / module["path"] / "model.safetensors")
                self.dense.append((weights, options["activation_function"].endswith("Tanh")))

    def linear(self, x, name):
        """(T, in) -> (T, out). Weights are stored (out, in)."""
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def norm(self, x, name):
        """Each row to mean 0 and variance 1, then scaled and shifted."""
        x = x - x.mean(axis=1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + self.config["layer_norm_eps"])
        return x * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def hidden(self, ids):
        """Token ids of one text -> last hidden state (T, H)."""
        t, positions = self.tensors, self.first_position + np.arange(len(ids))
        x = t["embeddings.word_embeddings.weight"][ids]
        x = x + t["embeddings.position_embeddings.weight"][positions]
        x = x + t["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for layer in range(self.config["num_hidden_layers"]):
            x = self.layer(x, f"encoder.layer.{layer}.")
        return x

    def layer(self, x, name):
        count, size = x.shape
        heads = self.config["num_attention_heads"]

        def split(part):  # (T, H) -> (A, T, d): head a owns columns a·d ..< (a + 1)·d
            return self.linear(x, name + "attention.self." + part).reshape(count, heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(size // heads)  # (A, T, T)
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        context = scores / scores.sum(axis=2, keepdims=True) @ value  # (A, T, d)
        context = context.transpose(1, 0, 2).reshape(count, size)
        x = self.norm(x + self.linear(context, name + "attention.output.dense"), name + "attention.output.LayerNorm")
        inner = ACTIVATIONS[self.config["hidden_act"]](self.linear(x, name + "intermediate.dense"))
        return self.norm(x + self.linear(inner, name + "output.dense"), name + "output.LayerNorm")

    def vector(self, ids, pooling=None):
        """Token ids of one text -> its vector."""
        y = POOLINGS[pooling or self.pooling](self.hidden(ids))
        for weights, tanh in self.dense:
            y = weights["linear.weight"] @ y + weights.get("linear.bias", 0)
            y = np.tanh(y) if tanh else y
        length = np.linalg.norm(y)
        return y / length if self.normalizes and length > 0 else y


def check(folder):
    """Largest difference from the golden vectors, over all components of all texts."""
    model, golden = Model(folder), read_json(Path(folder) / "golden.json")
    names = {"last_token": "lasttoken"}
    worst = max(
        np.abs(model.vector(case["ids"], names.get(pooling, pooling)) - vector).max()
        for case in golden["cases"] for pooling, vector in case["vectors"].items())
    print(f"{folder}: largest difference {worst:.1e}, allowed {golden['tolerance']:.0e}")
    return worst <= golden["tolerance"]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["vector", folder, *ids]: print(*Model(folder).vector([int(number) for number in ids]))
        case ["check", *folders] if folders: sys.exit(not all([check(folder) for folder in folders]))
        case _: sys.exit(__doc__)
