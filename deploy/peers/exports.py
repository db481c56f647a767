"""The checkpoint in the forms that ONNX Runtime and OpenVINO run, made once and kept beside it."""

import os
import sys


def _once(path, make):
    """Makes a file under another name first, so that a broken run leaves no half of it."""
    if not path.is_file():
        print(f"peers: making {path.name}", file=sys.stderr, flush=True)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name("partial-" + path.name)
        make(partial)
        # OpenVINO keeps the weights in a second file.
        for suffix in {path.suffix, ".bin"}:
            if partial.with_suffix(suffix).is_file():
                os.replace(partial.with_suffix(suffix), path.with_suffix(suffix))
    return path


def onnx(model):
    """ids and mask to hidden states, any batch size and length."""
    return _once(model / "export" / "model.onnx", lambda path: _export(model, path))


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
    return _once(model / "export" / "fused.onnx", lambda path: _fuse(model, path))


def _fuse(model, path):
    import transformers
    from onnxruntime.transformers import optimizer

    config = transformers.AutoConfig.from_pretrained(model)
    optimizer.optimize_model(
        str(onnx(model)), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size
    ).save_model_to_file(str(path))


def onnx_int8(model):
    """Weights per channel, activations dynamically."""
    return _once(model / "export" / "int8.onnx", lambda path: _quantize_dynamic(model, path))


def _quantize_dynamic(model, path):
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(onnx_fused(model)), str(path), per_channel=True, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": TensorProto.FLOAT})


def openvino_int8(model):
    """Weights and activations, calibrated on random ids."""
    return _once(model / "export" / "openvino-int8.xml", lambda path: _quantize_static(model, path))


def _quantize_static(model, path):
    import nncf
    import openvino
    import transformers
    import workloads

    config = transformers.AutoConfig.from_pretrained(model)
    texts = workloads.batches("mixed", config.vocab_size, config.pad_token_id, size=1)[::8]
    samples = [{"input_ids": ids, "attention_mask": mask} for ids, mask in texts]
    quantized = nncf.quantize(
        openvino.Core().read_model(onnx(model)), nncf.Dataset(samples), subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER)
    openvino.save_model(quantized, path)
