"""Python messages and stubs, generated from Protocols/ into a temporary folder."""

import atexit
import importlib
import shutil
import sys
import tempfile

from grpc_tools import protoc

from .server import ROOT

_folder = tempfile.mkdtemp(prefix="duri-stubs-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
_code = protoc.main(
    ["protoc", f"-I{ROOT / 'Protocols'}", f"--python_out={_folder}", f"--grpc_python_out={_folder}",
     *map(str, sorted((ROOT / "Protocols/duri/v1").glob("*.proto")))])
if _code != 0:
    raise RuntimeError(f"protoc failed with {_code}")
sys.path.insert(0, _folder)
pb = importlib.import_module("duri.v1.embeddings_pb2")
rpc = importlib.import_module("duri.v1.embeddings_pb2_grpc")
retrieval = importlib.import_module("duri.v1.retrieval_pb2")
retrieval_rpc = importlib.import_module("duri.v1.retrieval_pb2_grpc")
reranking = importlib.import_module("duri.v1.reranking_pb2")
reranking_rpc = importlib.import_module("duri.v1.reranking_pb2_grpc")
