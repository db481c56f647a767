"""PROTOCOL.md as it is printed: its client runs, its bytes replay, its numbers are the server's."""

import re
import struct
import subprocess
import sys
import types

import grpc
import hpack
import numpy
import pytest

from support.hostile import DATA, HEADERS, SETTINGS, Raw
from support.protos import pb
from support.server import ROOT
from support.vectors import decode
from support.wire import Wire

DOCUMENT = (ROOT / "Protocols/PROTOCOL.md").read_text()


def fenced(language):
    return re.search(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.S | re.M).group(1)


@pytest.fixture
def printed_client(server):
    module = types.ModuleType("client")
    exec(compile(fenced("python"), "PROTOCOL.md", "exec"), module.__dict__)
    client = module.Client("127.0.0.1", server.port)
    yield module, client
    client.socket.close()


def test_client_runs_as_a_program(server, tmp_path):
    program = tmp_path / "client.py"
    program.write_text(fenced("python"))
    run = subprocess.run(
        [sys.executable, program, "127.0.0.1", str(server.port), "오늘 날씨가 정말 좋네요.",
         "The weather is really nice today.", "He drove to the train station."],
        capture_output=True, text=True, timeout=60, check=True)
    cosines = [float(line.split()[0]) for line in run.stdout.splitlines()]
    assert cosines[0] == pytest.approx(0.904, abs=0.004)
    assert cosines[1] == pytest.approx(0.018, abs=0.004)


def test_client_gets_the_vectors_that_grpcio_gets(printed_client, stub):
    _, client = printed_client
    texts = ["안녕하세요", "hello", "기차 " * 2000]
    expected = stub.Embed(pb.EmbedRequest(texts=texts, role=pb.ROLE_PASSAGE), timeout=60).items
    vectors = client.embed(texts, role=2)
    for vector, item in zip(vectors, expected):
        assert numpy.array_equal(numpy.float32(vector), decode(item.embedding))


def test_client_moves_large_messages_through_its_windows(printed_client):
    _, client = printed_client
    vectors = client.embed(["가" * 20_000] * 40)
    assert len(vectors) == 40 and len(set(vectors)) == 1


def test_client_sees_errors(printed_client):
    module, client = printed_client
    good, bad = client.embed(["a", ""])
    assert len(good) == 384 and bad.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    for path, message, code in [
            ("/duri.v1.Embeddings/Nothing", b"", grpc.StatusCode.UNIMPLEMENTED),
            ("/duri.v1.Embeddings/GetModel", module.field(1, "모델".encode()), grpc.StatusCode.NOT_FOUND),
            ("/duri.v1.Embeddings/Embed", b"\xff", grpc.StatusCode.INVALID_ARGUMENT),
            ("/duri.v1.Embeddings/Embed", bytes(5 << 20), grpc.StatusCode.RESOURCE_EXHAUSTED)]:
        with pytest.raises(module.CallFailed) as caught:
            client.call(path, message)
        assert caught.value.code == code.value[0]
    assert len(client.embed(["still here"])) == 1


def frames_of(lines):
    for data in lines:
        kind, flags, stream = struct.unpack_from(">BBI", data, 3)
        assert int.from_bytes(data[:3], "big") == len(data) - 9
        yield kind, flags, stream, data[9:]


def test_printed_bytes_replay(server):
    lines = [(line[0], bytes.fromhex(line[2:])) for line in fenced("hex").splitlines()]
    expected = list(frames_of(data for side, data in lines if side == "S"))
    with Raw(server.port, *[data for side, data in lines if side == "C"]) as raw:
        raw.read_until(lambda: sum(f[0] == HEADERS for f in raw.frames) == 2)
        received = raw.frames
    printed_headers, headers = hpack.Decoder(), hpack.Decoder()
    # The acknowledgement of the client's SETTINGS may come sooner or later.
    key = [(kind, flags, stream) for kind, flags, stream, _ in received]
    assert sorted(key) == sorted(frame[:3] for frame in expected)
    for kind in (SETTINGS, HEADERS, DATA, 8):
        for ours, theirs in zip([f for f in expected if f[0] == kind],
                                [f for f in received if f[0] == kind], strict=True):
            assert ours[:3] == theirs[:3]
            if kind == HEADERS:
                assert printed_headers.decode(ours[3]) == headers.decode(theirs[3])
            elif kind == DATA:
                compare_replies(*(pb.EmbedResponse.FromString(f[3][5:]) for f in (ours, theirs)))
            else:
                assert ours[3] == theirs[3]


def compare_replies(printed, reply):
    """Equal but for the time it took, and the last bit of the arithmetic."""
    ours, theirs = printed.items[0], reply.items[0]
    assert ours.embedding.scale == pytest.approx(theirs.embedding.scale, rel=1e-3)
    assert numpy.allclose(decode(ours.embedding), decode(theirs.embedding),
                          atol=1.5 * ours.embedding.scale)
    assert ours.receipt == theirs.receipt and printed.model == reply.model
    assert theirs.status.code == 0 and reply.timings.total_ns > 0


def test_printed_request_is_the_message_it_is_said_to_be():
    data = bytes.fromhex(re.findall(r"^C (.*)$", fenced("hex"), re.M)[-1])
    request = pb.EmbedRequest.FromString(data[14:])
    assert request == pb.EmbedRequest(
        texts=["날씨"], role=pb.ROLE_QUERY,
        options=pb.EmbedOptions(dimensions=8, encoding=pb.ENCODING_INT8))


def test_printed_encodings():
    vector = numpy.array([0.5, -0.25, 0, 0.125], numpy.float32)
    scale = numpy.abs(vector).max() / numpy.float32(127)
    half = vector.astype("<f2").tobytes()
    levels = numpy.rint(vector / scale).astype(numpy.int8).tobytes()
    bits = numpy.packbits(vector > 0).tobytes()
    assert f"`{half.hex(' ')}` in FLOAT16" in DOCUMENT
    assert f"`{levels.hex(' ')}` with scale {scale:.9f} in INT8" in DOCUMENT
    assert f"`{bits.hex()}` in BINARY" in DOCUMENT


def table(name):
    """Number printed in the row of the tables that begins with `name`."""
    value = re.search(rf"^\| {re.escape(name)}[^|]*\| ([\d,]+)", DOCUMENT, re.M).group(1)
    return int(value.replace(",", ""))


def test_printed_settings_and_limits_are_the_servers(server, stub):
    with Wire(server.port) as wire:
        wire.wait(lambda: wire.settings)
        assert wire.settings[4] == table("SETTINGS_INITIAL_WINDOW_SIZE")
        assert wire.settings[5] == table("SETTINGS_MAX_FRAME_SIZE")
        assert wire.settings[6] == table("SETTINGS_MAX_HEADER_LIST_SIZE")
        assert wire.settings[3] == table("SETTINGS_MAX_CONCURRENT_STREAMS")
        assert wire.settings[9] == table("SETTINGS_NO_RFC7540_PRIORITIES")
        wire.wait(lambda: wire.h2.outbound_flow_control_window > 65_535)
        assert wire.h2.outbound_flow_control_window == table("connection window")
    limits = stub.GetModel(pb.GetModelRequest(), timeout=20).limits
    assert limits == pb.Limits(
        maximum_texts=table("texts of one `Embed`"),
        maximum_stream_texts=table("texts of one stream message"),
        maximum_text_bytes=table("UTF-8 bytes of one text"),
        maximum_message_bytes=table("bytes of one request message"),
        stream_window=table("texts of one stream in work"))
