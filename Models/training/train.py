"""Training of the bi-encoder. Resumes by itself from run/checkpoint.pt.

With a = Korean (or a question), b = English (or a passage) and t = teacher vectors, the loss is
  of translations  InfoNCE(a <-> t against the batch and a bank of other English texts)
                   + InfoNCE(a <-> b) / 2
  of questions     InfoNCE(a <-> b) + InfoNCE(a -> t of b against a bank of all passages)
  of both          + DISTIL * (1 - cosine(a, its t) + 1 - cosine(b, its t)).
In translation batches b is computed for a third of the rows only: English starts from the
teacher's own rows and needs less. Rows of one group, or nearly the same by the teacher
(cosine > SAME), are no negatives.

Random numbers come from (seed, step) and (seed, epoch), so a resumed run draws what an unbroken one
would; nothing else is random (no dropout). `echo 3000 > run/steps` moves the end of a running
schedule. SIGTERM writes a checkpoint and ends; SIGSTOP and SIGCONT are safe.
"""
import argparse
import math
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from batches import LONGEST, Batches
from common import HERE, PREFIX, SEED, Ids, append_line, embed, new_body, read_lines, setup
from evaluate import TASKS, scores
from teacher import Teacher, english_texts
from tuning import tuning

TAU, DISTIL, SAME, BANK = 0.05, 3.0, 0.85, 32_768
LR_BODY, LR_ROWS, WARMUP, EMA = 1.5e-4, 1e-3, 60, 0.995


def contrast(x, y, banned):
    """InfoNCE of x's rows against y's (their own first, in order); banned: (n, m), no negatives."""
    own = torch.eye(*banned.shape, dtype=torch.bool, device=x.device)
    logits = (x @ y.T / TAU).masked_fill(banned & ~own, -1e4)
    return F.cross_entropy(logits, torch.arange(len(x), device=x.device))


class Trainer:
    def __init__(self, run, threads, tokens):
        self.run = run
        self.device, self.bf16 = setup(threads)
        self.rows = list(read_lines(run / "rows.jsonl"))
        self.ids_of = Ids(run / "spm.model")
        self.batches = Batches(self.rows, self.ids_of, tokens)
        texts = english_texts(self.rows)
        at = {t: i for i, t in enumerate(texts)}
        self.english = {k: np.array([at.get(r[k], -1) for r in self.rows]) for k in ("ta", "tb")}
        self.group = np.array([r["g"] for r in self.rows])
        asked = np.array([r["ra"] == "q" and r["rb"] == "p" for r in self.rows])
        self.passages = np.setdiff1d(self.english["tb"][asked], [-1])
        self.teacher = Teacher(texts, run, self.device, self.bf16)
        self.body = new_body(np.load(run / "rows.npy")).to(self.device).train()
        self.average = new_body(np.load(run / "rows.npy")).to(self.device).eval()
        words = self.body.embeddings.word_embeddings.weight
        rest = [p for p in self.body.parameters() if p is not words]
        self.optimizer = torch.optim.AdamW(
            [{"params": rest, "base": LR_BODY, "weight_decay": 0.01},
             {"params": [words], "base": LR_ROWS, "weight_decay": 0.0}],
            lr=LR_BODY, betas=(0.9, 0.98), fused=True)
        self.step = self.epoch = self.index = self.seen = 0
        self.stop = False

    def load(self):
        path = self.run / "checkpoint.pt"
        if not path.exists():
            return
        c = torch.load(path, map_location=self.device, weights_only=True)
        self.body.load_state_dict(c["body"])
        self.average.load_state_dict(c["average"])
        self.optimizer.load_state_dict(c["optimizer"])
        self.step, self.epoch, self.index, self.seen = c["at"]
        if c["mixture"] != len(self.rows):  # the data changed: begin an epoch of the new ones
            self.epoch, self.index = self.epoch + 1, 0

    def save(self):
        part = self.run / "checkpoint.part"
        torch.save({"body": self.body.state_dict(), "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "mixture": len(self.rows),
                    "at": [self.step, self.epoch, self.index, self.seen]}, part)
        os.replace(part, self.run / "checkpoint.pt")
        self.teacher.save()

    def ids(self, batch, side, role=None):
        """Ids of a side, under one prefix or each row's own."""
        return [self.ids_of(PREFIX[role or self.rows[i]["r" + side]] + self.rows[i][side], LONGEST)
                for i in batch]

    def alike(self, batch):
        """(n, n), true where two rows are of one group."""
        group = torch.as_tensor(self.group[batch], device=self.device)
        return group[:, None] == group[None]

    def loss(self, batch, rng):
        of_kind = (self.translation_loss if self.batches.is_pair[batch[0]] else self.question_loss)
        ranks, near = of_kind(batch, rng)
        return ranks + DISTIL * sum(near), ranks, near

    def translation_loss(self, batch, rng):
        role = "q" if rng.random() < 0.65 else "p"
        a = embed(self.body, self.ids(batch, "a", role), self.device, self.bf16)
        n = -(-len(batch) // 3)
        b = embed(self.body, self.ids(batch[:n], "b", role), self.device, self.bf16)
        t, banned = self.teacher(self.english["ta"][batch]), self.alike(batch)
        near = (1 - (a * t).sum(1)).mean(), (1 - (b * t[:n]).sum(1)).mean()
        known = np.flatnonzero(self.teacher.known)
        bank = self.teacher(rng.choice(known, min(BANK, len(known)), replace=False))
        others = torch.cat([t, bank])
        same = t @ others.T > SAME
        same[:, : len(t)] |= banned
        banned = same[:, : len(t)]
        ranks = (contrast(a, others, same) + contrast(t, a, banned)) / 2
        ranks = ranks + (contrast(a[:n], b, banned[:n, :n]) + contrast(b, a, banned[:n])) / 4
        return ranks, near

    def question_loss(self, batch, rng):
        a, b = (embed(self.body, self.ids(batch, side), self.device, self.bf16)
                for side in "ab")
        banned, ranks, near = self.alike(batch), 0.0, []
        for v, name in ((a, "ta"), (b, "tb")):
            has = np.flatnonzero(self.english[name][batch] >= 0)
            near.append(torch.zeros((), device=self.device))
            if len(has):
                t = self.teacher(self.english[name][batch[has]])
                near[-1] = (1 - (v[has] * t).sum(1)).mean()
            if name == "tb" and len(has) == len(batch):
                some = rng.choice(self.passages, min(BANK, len(self.passages)), replace=False)
                others = torch.cat([t, self.teacher(some)])
                same = t @ others.T > SAME
                same[:, : len(t)] |= banned
                ranks = ranks + contrast(a, others, same)
                banned = same[:, : len(t)]
        return ranks + (contrast(a, b, banned) + contrast(b, a, banned)) / 2, near

    def rate(self, steps, decay):
        """Factor of the learning rates: warm-up, flat, then a cosine over the last part."""
        left = (steps - self.step) / max(1, decay * steps)
        return min(1, (self.step + 1) / WARMUP) * (0.5 - 0.5 * math.cos(math.pi * min(1, left)))

    def train(self, decay, data, save_seconds, eval_seconds):
        saved = logged = time.time()
        evaluated = 0.0 if self.step == 0 else saved
        while not self.stop:
            plan = self.batches.epoch(self.epoch)
            while self.index < len(plan):
                steps = int((self.run / "steps").read_text())
                if time.time() - evaluated > eval_seconds or self.step >= steps:
                    line = {"time": time.strftime("%FT%TZ", time.gmtime()), "step": self.step,
                            "seen": self.seen}
                    tasks = TASKS if self.step else ("tatoeba",)
                    model = self.average, self.ids_of, self.device, self.bf16
                    append_line(self.run / "scores.jsonl", line | scores(*model, data, tasks)
                                | tuning(*model, self.run, data))
                    evaluated = time.time()
                if self.stop or self.step >= steps:
                    return self.save()
                batch = plan[self.index]
                rng = np.random.default_rng([SEED, 2, self.step])
                loss, ranks, near = self.loss(batch, rng)
                for group in self.optimizer.param_groups:
                    group["lr"] = group["base"] * self.rate(steps, decay)
                self.optimizer.zero_grad()
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(self.body.parameters(), 1.0)
                self.optimizer.step()
                self.step, self.index, self.seen = (
                    self.step + 1, self.index + 1, self.seen + len(batch))
                keep = min(EMA, 1 - 1 / (self.step + 1))
                with torch.no_grad():
                    torch._foreach_lerp_(list(self.average.parameters()),
                                         list(self.body.parameters()), 1 - keep)
                if self.step % 10 == 0:
                    now = time.time()
                    append_line(self.run / "log.jsonl", {
                        "step": self.step, "of": steps, "epoch": self.epoch, "seen": self.seen,
                        "loss": round(loss.item(), 4), "ranks": round(ranks.item(), 4),
                        "far": [round(d.item(), 4) for d in near], "norm": round(norm.item(), 3),
                        "seconds": round((now - logged) / 10, 2), "time": round(now)})
                    logged = now
                if time.time() - saved > save_seconds:
                    self.save()
                    saved = time.time()
            self.epoch, self.index = self.epoch + 1, 0


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--data", type=Path, default=HERE / "../../../shared/data", help="for scores")
    p.add_argument("--steps", type=int, help="where the schedule ends (kept in run/steps)")
    p.add_argument("--decay", type=float, default=0.6, help="part of the schedule that falls")
    p.add_argument("--tokens", type=int, default=4096, help="tokens in a batch, one side")
    p.add_argument("--threads", type=int)
    p.add_argument("--save-seconds", type=float, default=300)
    p.add_argument("--eval-seconds", type=float, default=1200)
    a = p.parse_args()
    if a.steps:
        (a.run / "steps").write_text(f"{a.steps}\n")
    trainer = Trainer(a.run, a.threads, a.tokens)
    trainer.load()
    signal.signal(signal.SIGTERM, lambda *_: setattr(trainer, "stop", True))
    trainer.train(a.decay, a.data, a.save_seconds, a.eval_seconds)


if __name__ == "__main__":
    main()
