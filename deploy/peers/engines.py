"""The peers. Each function opens a checkpoint and returns `run(batches)`, which computes all vectors of a workload."""

import exports
import workloads


def torch(precision):
    def open_model(model, threads):
        import torch
        import transformers

        torch.set_num_threads(threads)
        body = transformers.AutoModel.from_pretrained(model, dtype=getattr(torch, precision)).eval()

        def run(batches):
            with torch.inference_mode():
                for ids, mask in batches:
                    hidden = body(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
                    yield workloads.pooled(hidden.last_hidden_state.float().numpy(), mask)

        return run

    return open_model


def onnxruntime(export):
    def open_model(model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(export(model)), options, providers=["CPUExecutionProvider"])

        def run(batches):
            for ids, mask in batches:
                hidden, = session.run(None, {"input_ids": ids, "attention_mask": mask})
                yield workloads.pooled(hidden, mask)

        return run

    return open_model


def openvino(export, precision, mode):
    def open_model(model, threads):
        import openvino

        core = openvino.Core()
        # What is not int8 of a quantized model is computed in the fastest other precision.
        bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        hint = precision or ("bf16" if bf16 else "f32")
        if hint == "bf16" and not bf16:
            raise RuntimeError("this CPU has no bf16 arithmetic")
        compiled = core.compile_model(str(export(model)), "CPU", {
            "INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": mode})
        return latency(compiled) if mode == "LATENCY" else throughput(compiled)

    def latency(compiled):
        request = compiled.create_infer_request()

        def run(batches):
            for ids, mask in batches:
                result = request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
                yield workloads.pooled(result[0], mask)

        return run

    def throughput(compiled):
        import openvino

        queue = openvino.AsyncInferQueue(compiled)

        def run(batches):
            vectors = {}

            def finished(request, job):
                number, mask = job
                vectors[number] = workloads.pooled(request.get_output_tensor(0).data, mask)

            queue.set_callback(finished)
            for number, (ids, mask) in enumerate(batches):
                queue.start_async({"input_ids": ids, "attention_mask": mask}, (number, mask))
            queue.wait_all()
            return [vectors[number] for number in range(len(batches))]

        # Several small requests at once, instead of one batch after the other.
        run.batch = workloads.REQUEST
        return run

    return open_model


PEERS = {
    "torch-fp32": torch("float32"),
    "torch-bf16": torch("bfloat16"),
    "ort-fp32": onnxruntime(exports.onnx_fused),
    "ort-int8": onnxruntime(exports.onnx_int8),
    "openvino-fp32": openvino(exports.onnx, "f32", "LATENCY"),
    "openvino-bf16": openvino(exports.onnx, "bf16", "LATENCY"),
    "openvino-int8": openvino(exports.openvino_int8, None, "LATENCY"),
    "openvino-fp32-tput": openvino(exports.onnx, "f32", "THROUGHPUT"),
    "openvino-bf16-tput": openvino(exports.onnx, "bf16", "THROUGHPUT"),
    "openvino-int8-tput": openvino(exports.openvino_int8, None, "THROUGHPUT"),
}
