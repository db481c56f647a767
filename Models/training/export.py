"""Export: a checkpoint to a Hugging Face folder (F16 safetensors, SentencePiece model,
tokenizer.json, modules.json, prompts, MODEL.md), with a check that sentence-transformers gives
the same vectors. The same layout serves the cross-encoder (cross_encoder.py), without modules.
"""
import argparse
import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from common import HERE, HIDDEN, PREFIX, Ids, encode, new_body, read_lines, setup

LENGTH = 512
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CHECK = ["query: 오늘 날씨가 정말 좋네요.", "query: The weather is really nice today.",
         "query: 그는 기차역으로 차를 몰았다.", "query: He drove to the train station.",
         "passage: 서울은 대한민국의 수도이다. 한강이 도시를 가로지른다. (인구 940만 명)"]


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def tokenizer_json(model_file):
    """The SentencePiece model in the terms of the `tokenizers` library."""
    proto = pb.ModelProto()
    proto.ParseFromString(Path(model_file).read_bytes())
    pieces = [(s, 0.0) for s in SPECIAL[:4]]
    pieces += [(p.piece, p.score) for p in proto.pieces[3:]] + [(SPECIAL[4], 0.0)]
    t = Tokenizer(Unigram(pieces, unk_id=3))
    t.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    mark = dict(replacement="▁", prepend_scheme="always")
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(**mark)])
    t.decoder = decoders.Metaspace(**mark)
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    return t


def tokenizer_files(model_file, out):
    shutil.copy(model_file, out / "sentencepiece.bpe.model")
    tokenizer_json(model_file).save(str(out / "tokenizer.json"), pretty=False)
    names = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
                 cls_token="<s>", sep_token="</s>", mask_token="<mask>")
    write(out / "tokenizer_config.json", dict(
        tokenizer_class="PreTrainedTokenizerFast", model_max_length=LENGTH,
        model_input_names=["input_ids", "attention_mask"], **names))


def module_files(out):
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write(out / "modules.json", [
        dict(idx=i, name=str(i), path=path, type=f"sentence_transformers.models.{kind}")
        for i, (path, kind) in enumerate(kinds)])
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    write(out / "1_Pooling/config.json", dict(
        word_embedding_dimension=HIDDEN,
        **{f"pooling_mode_{m}": m == "mean_tokens" for m in modes}))
    write(out / "sentence_bert_config.json", dict(max_seq_length=LENGTH, do_lower_case=False))
    write(out / "config_sentence_transformers.json", dict(
        prompts=dict(query=PREFIX["q"], passage=PREFIX["p"]), default_prompt_name=None,
        similarity_fn_name="cosine"))


def save(model, out):
    """config.json and model.safetensors, readable by all."""
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)


def fill(template, out, values):
    """MODEL.md from a template of ours."""
    text = (HERE / template).read_text(encoding="utf-8")
    for k, v in values.items():
        text = text.replace("{{" + k + "}}", str(v))
    (out / "MODEL.md").write_text(text, encoding="utf-8")


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def card(run, out, name, state, scores):
    """The bi-encoder's MODEL.md, with the rows that were trained on and their licences."""
    import sources
    licence = {Path(s.file).stem: s.licence for s in
               sources.PARALLEL + sources.LEXICON + sources.QUESTION_PAIRS + [sources.CHAT]}
    licence |= {"question-pair": "MIT", "chatbot-qa": "MIT"}
    table = {}
    for r in read_lines(run / "rows.jsonl"):
        source = re.sub(r"^(own/\w+)-.*|#.*", r"\1", r["s"])  # our own files, and a text's parts, as one
        n, w = table.get(source, (0, 0.0))
        table[source] = (n + 1, w + r["w"])
    own = "the project's own (CC0)"
    data = "\n".join(f"| {s} | {n:,} | {w:,.0f} | {licence.get(s, own)} |"
                     for s, (n, w) in sorted(table.items(), key=lambda kv: -kv[1][1]))
    fill("MODEL.template.md", out, dict(
        name=name, data=data, date=today(), steps=f"{state['at'][0]:,}", count=state["at"][0],
        seen=f"{state['at'][3]:,}",
        scores="\n".join(f"| {k} | {v:.4f} |" for k, v in scores.items()) or "| – | – |"))


def check(out, run):
    """Vectors by our own code and by sentence-transformers; ids by both tokenizers; the size."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertModel
    device = torch.device("cpu")
    body = BertModel.from_pretrained(out, add_pooling_layer=False, dtype=torch.float32).eval()
    ids_of = Ids(out / "sentencepiece.bpe.model")
    ours = encode(body, ids_of, CHECK, device, False).numpy()
    model = SentenceTransformer(str(out), device="cpu", model_kwargs={"dtype": torch.float32})
    theirs = model.encode(CHECK, normalize_embeddings=True)
    worst = 1 - (ours * theirs).sum(1).min()
    fast = Tokenizer.from_file(str(out / "tokenizer.json"))
    texts = [r[k] for r in list(read_lines(run / "rows.jsonl"))[::97] for k in ("a", "b")]
    differ = sum(ids_of(t, 1 << 20) != fast.encode(t).ids for t in texts)
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e6
    print(f"1 - cosine to sentence-transformers: {worst:.1e}; tokenizer.json differs on {differ} "
          f"of {len(texts)} texts; {size:.1f} MB")
    print(np.round(ours @ ours.T, 3))
    if worst > 1e-5 or size > 45 or differ > len(texts) // 100:
        raise SystemExit("the export is not sound")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--run", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--name", help="default: the folder's name")
    p.add_argument("--weights", choices=("average", "body"), default="average")
    p.add_argument("--data", type=Path, help="evaluate for the card, with this data directory")
    p.add_argument("--threads", type=int)
    a = p.parse_args()
    device, _ = setup(a.threads)
    a.out.mkdir(parents=True, exist_ok=True)
    state = torch.load(a.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    body = new_body(np.load(a.run / "rows.npy")).eval()
    body.load_state_dict(state[a.weights])
    save(body.half(), a.out)
    tokenizer_files(a.run / "spm.model", a.out)
    module_files(a.out)
    found = {}
    if a.data:
        from evaluate import scores
        found = scores(body.float().to(device), Ids(a.run / "spm.model"), device, False, a.data)
    card(a.run, a.out, a.name or a.out.name, state, found)
    check(a.out, a.run)


if __name__ == "__main__":
    main()
