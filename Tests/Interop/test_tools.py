"""nghttp and h2load: HTTP/2 tools that know nothing of gRPC."""

import re
import shutil
import subprocess

import pytest

from support.protos import pb
from support.wire import EMBED, GET_MODEL, framed

needs_nghttp = pytest.mark.skipif(not shutil.which("nghttp"), reason="nghttp is not installed")
needs_h2load = pytest.mark.skipif(not shutil.which("h2load"), reason="h2load is not installed")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@needs_nghttp
@pytest.mark.parametrize("path", ["/", "/index.html", EMBED])
def test_get_is_told_that_this_is_grpc(server, path):
    output = run("nghttp", "-v", f"http://{server.address}{path}")
    assert re.search(r":status: 405", output)
    assert "content-type: text/plain" in output
    assert "this port speaks gRPC: HTTP/2 POST only" in output


@needs_nghttp
def test_post_without_the_content_type_is_told_so(server, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(framed(b""))
    output = run("nghttp", "-v", "-d", body, f"http://{server.address}{GET_MODEL}")
    assert re.search(r":status: 415", output) and "application/grpc" in output


@needs_nghttp
def test_nghttp_makes_a_call(server, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(framed(pb.EmbedRequest(texts=["안녕"]).SerializeToString()))
    output = run("nghttp", "-v", "-n", "-H", "content-type: application/grpc",
                 "-H", "te: trailers", "-d", body, f"http://{server.address}{EMBED}")
    assert re.search(r":status: 200", output) and re.search(r"grpc-status: 0", output)


@needs_h2load
@pytest.mark.parametrize("path, message, count", [
    (GET_MODEL, b"", 10_000),
    (EMBED, pb.EmbedRequest(texts=["안녕"]).SerializeToString(), 2_000)], ids=["GetModel", "Embed"])
def test_h2load_without_errors_or_growth(server, tmp_path, path, message, count):
    body = tmp_path / "body"
    body.write_bytes(framed(message))

    def load(requests):
        return run("h2load", "-n", str(requests), "-c", "8", "-m", "10", "-t", "1", "-d", body,
                   "-H", "content-type: application/grpc", "-H", "te: trailers",
                   f"http://{server.address}{path}")

    load(count // 10)
    before = server.rss()
    output = load(count)
    growth = server.rss() - before
    print(f"\n{path}: {re.search(r'finished in.*', output).group(0)}; RSS {growth:+.1f} MiB")
    requests = re.search(r"requests: (\d+) total.*?(\d+) succeeded, (\d+) failed, (\d+) errored", output)
    assert requests.groups() == (str(count), str(count), "0", "0")
    assert re.search(rf"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx", output)
    assert growth < 16
