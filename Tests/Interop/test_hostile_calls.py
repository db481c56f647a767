"""Good HTTP/2 with bad gRPC in it, and clients that leave in the middle."""

import gzip
import random
import socket
import struct
import zlib

import grpc
import pytest

from support.hostile import END_STREAM, HELLO, Raw, frame, request
from support.polling import wait_until
from support.protos import pb
from support.server import idle
from support.watch import Watch
from support.wire import EMBED, EMBED_STREAM, GET_MODEL, Wire, framed

ONE = pb.EmbedRequest(texts=["안녕"]).SerializeToString()
GROWTH_MIB = 40
(INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL) = (
    code.value[0] for code in (
        grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL))


@pytest.fixture(scope="module")
def watch(server):
    return Watch(server)


@pytest.fixture(autouse=True)
def unharmed(watch):
    yield
    watch.check(GROWTH_MIB)


def answer(server, body, path=EMBED, **extra):
    with Wire(server.port) as wire:
        stream = wire.open(path, **extra)
        wire.send(stream, body, end=True)
        return wire.finish(stream)


@pytest.mark.parametrize("path", [EMBED, EMBED_STREAM])
@pytest.mark.parametrize("body, status", [
    (struct.pack(">BI", 0, 2**32 - 1) + b"x" * 100, RESOURCE_EXHAUSTED),
    (struct.pack(">BI", 0, (4 << 20) + 1), RESOURCE_EXHAUSTED),
    (struct.pack(">BI", 2, 1) + b"x", INTERNAL),
    (framed(ONE)[:-1], INTERNAL),
    (framed(ONE)[:3], INTERNAL),
    (framed(ONE, compressed=True), INTERNAL),
    (framed(b"\xff" * 50), INVALID_ARGUMENT),
    (framed(b"\x12\x05\xff\xfe\xfd\xfc\xfb"), INVALID_ARGUMENT),
    (framed(b"\x12\xff\xff\xff\xff\x0f"), INVALID_ARGUMENT),
    (framed(b"\x0b" * 5000), INVALID_ARGUMENT),
    (framed(b"\x0b" * 50 + b"\x0c" * 49), INVALID_ARGUMENT),
], ids=["4GiB", "limit+1", "flag", "cut", "cut-prefix", "not-compressed", "junk", "not-utf8",
        "long-field", "deep-groups", "open-group"])
def test_bad_messages_have_their_status(server, path, body, status):
    reply = answer(server, body, path)
    assert reply.status == status and reply.message


@pytest.mark.parametrize("data, status", [
    (b"not gzip at all", INTERNAL), (b"", INTERNAL), (gzip.compress(ONE)[:-4], INTERNAL),
    (gzip.compress(ONE)[:-1] + b"\1", INTERNAL), (gzip.compress(ONE) + b"more", INTERNAL),
    (zlib.compress(ONE), 0), (gzip.compress(ONE), 0)],
    ids=["junk", "empty", "cut", "length", "trailing", "zlib", "gzip"])
def test_bad_compression_has_its_status(server, data, status):
    assert answer(server, framed(data, compressed=True), grpc_encoding="gzip").status == status


def test_compression_bomb_is_cut_at_the_limit(server, watch):
    """1 GiB of zeros in 1 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()
    with Wire(server.port) as wire:
        for _ in range(3):
            stream = wire.open(EMBED, grpc_encoding="gzip")
            wire.send(stream, framed(bomb, compressed=True), end=True)
            assert wire.finish(stream).status == RESOURCE_EXHAUSTED
            assert server.rss() - watch.rss < GROWTH_MIB


@pytest.mark.parametrize("extra, status", [
    ({"method": "GET"}, "405"), ({"method": "PUT"}, "405"), ({"method": "CONNECT", "scheme": None}, "4"),
    ({"content_type": None}, "415"), ({"content_type": "text/plain"}, "415"),
    ({"content_type": "application/grpc-web"}, "415"), ({"content_type": "application/grpc+json"}, "415"),
    ({"content_type": "application/grpcx"}, "415")])
def test_what_is_not_grpc_has_an_http_status(server, extra, status):
    with Wire(server.port) as wire:
        stream = wire.open(EMBED, **extra)
        wire.send(stream, framed(ONE), end=True)
        reply = wire.finish(stream)
        if reply.reset is None:
            assert reply.headers[":status"].startswith(status)
            assert reply.status is None and bytes(reply.body).startswith(b"this port speaks gRPC")
        else:
            assert extra["method"] == "CONNECT" and reply.reset == 1


@pytest.mark.parametrize("extra", [
    {"te": None}, {"content_type": "application/grpc+proto"}, {"scheme": "https"},
    {"content_type": "application/grpc; charset=utf-8"}, {"content_type": "Application/GRPC"},
{"x_other_bin": "AAECAw"}, {"user_agent": "안녕".encode().decode("latin-1")}])
def test_what_is_unusual_is_answered(server, extra):
    assert answer(server, framed(ONE), **extra).status == 0


def test_empty_data_frames_and_bytes_one_by_one(server):
    with Wire(server.port) as wire:
        stream = wire.open(EMBED)
        for byte in framed(ONE):
            wire.h2.send_data(stream, b"")
            wire.h2.send_data(stream, bytes([byte]), pad_length=3)
        wire.send(stream, b"", end=True)
        assert wire.finish(stream).status == 0


def test_request_trailers_are_accepted(server):
    with Wire(server.port) as wire:
        stream = wire.open(EMBED)
        wire.send(stream, framed(ONE))
        wire.h2.send_headers(stream, [("x-check", "1")], end_stream=True)
        wire.flush()
        assert wire.finish(stream).status == 0


def test_many_tiny_messages_on_a_unary_call(server):
    reply = answer(server, framed(b"") * 100_000, GET_MODEL)
    assert reply.status == INVALID_ARGUMENT


def test_random_messages(server):
    with Wire(server.port) as wire:
        for seed in range(200):
            noise = random.Random(seed)
            message = noise.randbytes(noise.randrange(60))
            for path in (EMBED, EMBED_STREAM, GET_MODEL):
                assert wire.call(path, message).status in (0, INVALID_ARGUMENT, 5)


def test_abrupt_ends_in_the_middle_of_streams(server):
    """Clients that vanish, with a FIN or a reset, while their texts are being computed."""
    texts = framed(pb.EmbedStreamRequest(
        texts=[pb.StreamText(text="기차 여행은 즐겁습니다. " * 20)] * 100).SerializeToString())
    for number in range(40):
        wire = Wire(server.port)
        wire.send(wire.open(EMBED_STREAM), texts)
        if number % 2:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.socket.close()
    wait_until(lambda: idle(server), 20, "the work of vanished clients stops")


def test_many_calls_that_never_send_a_message(server, watch):
    """900 open calls on one connection hold little; their end frees them."""
    with Raw(server.port, HELLO, seconds=30) as raw:
        for stream in range(1, 1801, 2):
            raw.send(request(stream, path=EMBED_STREAM))
        watch.answers()
        assert server.rss() - watch.rss < GROWTH_MIB


def test_a_thousand_short_connections(server):
    call = HELLO + request(1, path=GET_MODEL) + frame(0, END_STREAM, 1, framed(b""))
    for _ in range(1000):
        with Raw(server.port, call) as raw:
            raw.read_until(lambda: b"duri-ko-en-bootstrap" in raw.received)
