"""The cross-encoder: BertForSequenceClassification with one label in the bi-encoder's shape.

Starts from the bi-encoder's body and the teacher's pooler; reads a pair as
`<s> question </s></s> passage </s>`, without prefixes. Loss of a list (mine.py): cross-entropy of
the right passage + KL to the soft signal + binary cross-entropy, so that sigmoid(logit) reads as a
probability. Resumes from run/cross.pt.
"""
import argparse
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import BertForSequenceClassification, BertModel

from common import SEED, Ids, append_line, pad, read_lines, setup, teacher_folder
from export import fill, save, today, tokenizer_files
from mine import biencoder

LIMIT, TOKENS, DRAWN, TAU = 224, 8192, 192, 0.05


def new_model(run):
    body = biencoder(run, torch.device("cpu"))
    body.config.num_labels = 1
    model = BertForSequenceClassification(body.config)
    model.bert.load_state_dict(body.state_dict(), strict=False)
    pooler = BertModel.from_pretrained(teacher_folder()).pooler
    model.bert.pooler.load_state_dict(pooler.state_dict())
    torch.nn.init.zeros_(model.classifier.bias)
    return model


def pair_ids(ids_of, q, p):
    a = ids_of.pieces(q)[:48]
    return [0, *a, 2, 2, *ids_of.pieces(p)[: LIMIT - len(a) - 4], 2]


def logits(model, ids_of, lists, device, bf16):
    """(lists, passages) float32."""
    x, mask = pad([pair_ids(ids_of, r["q"], p) for r in lists for p in r["p"]])
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        y = model(input_ids=x.to(device), attention_mask=mask.to(device)).logits
    return y.float().view(len(lists), -1)


def lengths(ids_of, lists):
    """Tokens of each list: its passages, padded to the longest."""
    pieces = lambda texts: np.array([len(x) for x in ids_of.sp.encode(texts, num_threads=2)])
    q = np.minimum(pieces([r["q"] for r in lists]), 48)
    ends = np.cumsum([len(r["p"]) for r in lists])
    longest = np.maximum.reduceat(pieces([p for r in lists for p in r["p"]]), [0, *ends[:-1]])
    return np.minimum(q + longest + 4, LIMIT) * np.diff([0, *ends])


def draw(tokens, rng):
    """Indices of lists of like lengths, TOKENS together: short ones come many at a time."""
    some = rng.choice(len(tokens), min(DRAWN, len(tokens)), replace=False)
    some = some[np.argsort(tokens[some], kind="stable")]
    end = int(rng.integers(1, len(some) + 1))
    n = max(1, min(end, TOKENS // tokens[some[end - 1]]))
    return some[end - n: end]


def loss(y, soft):
    """y (lists, passages) logits, soft the signals; the right passage is column 0."""
    right = torch.zeros_like(y)
    right[:, 0] = 1
    hard = F.cross_entropy(y, torch.zeros(len(y), dtype=torch.long, device=y.device))
    kl = F.kl_div(y.log_softmax(1), (soft / TAU).softmax(1), reduction="batchmean")
    return hard + 0.5 * kl + 0.5 * F.binary_cross_entropy_with_logits(y, right)


@torch.inference_mode()
def held_out(model, ids_of, lists, device, bf16):
    """Share of lists whose right passage is first, by this model and by the bi-encoder."""
    model.eval()
    right = 0
    for i in range(0, len(lists), 8):
        y = logits(model, ids_of, lists[i: i + 8], device, bf16)
        right += int((y.argmax(1) == 0).sum())
    model.train()
    before = sum(max(r["b"]) == r["b"][0] for r in lists)
    n = max(1, len(lists))
    return {"first by cross-encoder": right / n, "first by bi-encoder": before / n}


def train(a, device, bf16):
    ids_of = Ids(a.run / "spm.model")
    lists, held = (list(read_lines(a.run / f"{n}.jsonl")) for n in ("lists", "held"))
    model = new_model(a.run).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.rate, weight_decay=0.01, fused=True)
    step, stop, saved, path = 0, [], time.time(), a.run / "cross.pt"
    if path.exists():
        c = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(c["model"])
        optimizer.load_state_dict(c["optimizer"])
        step = c["step"]
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    tokens = lengths(ids_of, lists)
    while step < a.steps and not stop:
        rng = np.random.default_rng([SEED, 4, step])
        batch = [lists[i] for i in draw(tokens, rng)]
        y = logits(model, ids_of, batch, device, bf16)
        value = loss(y, torch.tensor([r["t"] for r in batch], device=device))
        for group in optimizer.param_groups:
            group["lr"] = a.rate * min((step + 1) / 50, 1 - step / a.steps)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 20 == 0:
            append_line(a.run / "cross_log.jsonl", {
                "step": step, "of": a.steps, "lists": len(batch), "loss": round(value.item(), 4),
                "first": (y.argmax(1) == 0).float().mean().item(), "time": round(time.time())})
        if time.time() - saved > 300 or step == a.steps or stop:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                        "step": step}, path.with_suffix(".part"))
            os.replace(path.with_suffix(".part"), path)
            saved = time.time()
    if not stop:
        row = {"step": step} | held_out(model, ids_of, held, device, bf16)
        append_line(a.run / "cross_scores.jsonl", row)
        print(row)


def export(run, out):
    c = torch.load(run / "cross.pt", map_location="cpu", weights_only=True)
    scored = run / "cross_scores.jsonl"
    scores = {r["step"]: r for r in read_lines(scored)} if scored.exists() else {}
    if c["step"] not in scores:
        raise SystemExit(f"training stands at step {c['step']} and has not ended: run `train` again")
    scores = scores[c["step"]]
    out.mkdir(parents=True, exist_ok=True)
    model = new_model(run)
    model.load_state_dict(c["model"])
    save(model.eval().half(), out)
    tokenizer_files(run / "spm.model", out)
    lists = sum(1 for _ in read_lines(run / "lists.jsonl"))
    fill("RERANKER.template.md", out, dict(
        name=out.name, date=today(), steps=c["step"], batch=f"{TOKENS:,}", lists=f"{lists:,}",
        mined=(run / "mined").read_text().strip(),
        ours=f"{scores['first by cross-encoder']:.3f}",
        theirs=f"{scores['first by bi-encoder']:.3f}"))
    from sentence_transformers import CrossEncoder
    pairs = [["한국의 수도는 어디인가요?", p] for p in
             ("서울은 대한민국의 수도이다.", "Seoul is the capital of South Korea.",
              "고래는 바다에 사는 포유류이다.")]
    theirs = CrossEncoder(str(out), device="cpu", model_kwargs={"dtype": torch.float32}).predict(
        pairs, activation_fn=torch.nn.Identity())
    with torch.inference_mode():
        ours = logits(model.float(), Ids(run / "spm.model"),
                      [{"q": pairs[0][0], "p": [p for _, p in pairs]}], torch.device("cpu"), False)
    worst = np.abs(ours[0].numpy() - theirs).max()
    print("logits", np.round(theirs, 3), f"largest difference to ours {worst:.1e}")
    if worst > 1e-3:
        raise SystemExit("the export is not sound")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("do", choices=("train", "export"))
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--out", type=Path, help="export: the folder")
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--rate", type=float, default=1e-4)
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    device, bf16 = setup(a.threads)
    train(a, device, bf16) if a.do == "train" else export(a.run, a.out)


if __name__ == "__main__":
    main()
