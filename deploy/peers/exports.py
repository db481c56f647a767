"""The checkpoint in the forms that ONNX Runtime and OpenVINO run, made once and kept beside it."""

import shutil
import sys


def _once(model, name, file, make):
    """Makes a folder under another name first, so that a broken run leaves no half of it. Returns the file in it."""
    folder = model / "export" / name
    if not folder.is_dir():
        print(f"peers: making {model.name}/export/{name}", file=sys.stderr, flush=True)
        partial = model / "export" / f"partial-{name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial / file)
        partial.rename(folder)
    return folder / file


def onnx(model):
    """ids and mask to hidden states, any batch size and length."""
    return _once(model, "onnx", "model.onnx", lambda path: _export(model, path))


def _export(model, path):
    import torch
    import transformers

    class HiddenStates(torch.nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body = body

        def forward(self, input_ids, attention_mask):
            return self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    # ONNX Runtime's fusions look for the plain form of attention.
    body = transformers.AutoModel.from_pretrained(model, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.arange(5, 21).reshape(2, 8)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    free = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        HiddenStates(body), (ids, mask), str(path), input_names=["input_ids", "attention_mask"],
        output_names=["hidden"], opset_version=17, dynamo=False,
        dynamic_axes={"input_ids": free, "attention_mask": free, "hidden": free})


def onnx_fused(model):
    """With ONNX Runtime's fused attention, norm and GELU, as its users are told to do."""
    return _once(model, "onnx-fused", "model.onnx", lambda path: _fuse(model, path))


def _fuse(model, path):
    import transformers
    from onnxruntime.transformers import optimizer

    config = transformers.AutoConfig.from_pretrained(model)
    fused = optimizer.optimize_model(
        str(onnx(model)), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size)
    # A file of this format holds at most 2 GiB.
    weights = sum(file.stat().st_size for file in model.glob("*.safetensors"))
    fused.save_model_to_file(str(path), use_external_data_format=weights > 1_900_000_000)


def onnx_int8(model):
    """Weights per channel, activations dynamically."""
    return _once(model, "onnx-int8", "model.onnx", lambda path: _quantize_dynamic(model, path))


def _quantize_dynamic(model, path):
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(onnx_fused(model)), str(path), per_channel=True, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT})


def openvino_int8(model):
    """Weights and activations, calibrated on random ids."""
    return _once(model, "openvino-int8", "model.xml", lambda path: _quantize_static(model, path))


def _quantize_static(model, path):
    import nncf
    import openvino
    import transformers
    import workloads

    config = transformers.AutoConfig.from_pretrained(model)
    texts = workloads.batches("mixed", config.vocab_size, config.pad_token_id, size=1)[::8]
    samples = [{"input_ids": ids, "attention_mask": mask} for ids, mask in texts]
    quantized = nncf.quantize(
        openvino.Core().read_model(str(onnx(model))), nncf.Dataset(samples), subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER)
    openvino.save_model(quantized, str(path))
