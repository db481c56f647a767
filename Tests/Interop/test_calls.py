"""Calls as a whole: model, deadlines, cancellation, concurrency, compression, limits, unknown names, asyncio."""

import asyncio
import concurrent.futures
import gzip
import time

import grpc
import numpy
import pytest

from support.polling import wait_until
from support.protos import pb, rpc
from support.server import DuriServer, idle
from support.vectors import decode
from support.wire import EMBED, GET_MODEL, Wire, framed

# A few seconds of work, a quarter of what may be queued by default.
BULK = ["기차 여행은 즐겁습니다. Travelling by train is a pleasure. " * 12] * 128


def embed(stub, texts=("안녕하세요",), timeout=60, **arguments):
    return stub.Embed(pb.EmbedRequest(texts=texts), timeout=timeout, **arguments)


def test_model_is_described(stub):
    reply = stub.GetModel(pb.GetModelRequest(), timeout=20)
    contract = reply.contract
    assert (contract.name, contract.architecture, contract.dimension, contract.maximum_tokens,
            contract.pooling, contract.normalizes) == (
        "duri-ko-en-bootstrap", "bert", 384, 512, "mean", True)
    assert (contract.layers, contract.hidden_size, contract.heads, contract.vocabulary_size) == (
        6, 384, 12, 24001)
    prompts = contract.prompts
    assert (prompts.query, prompts.passage, prompts.symmetric, prompts.HasField("instruct")) == (
        "query: ", "passage: ", "query: ", False)
    assert contract.provenance and reply.version and reply.precision == "f32"
    limits = reply.limits
    assert (limits.maximum_texts, limits.maximum_text_bytes, limits.maximum_message_bytes,
            limits.stream_window, limits.maximum_stream_texts) == (
        512, 1 << 20, 4 << 20, 512, 16_384)


def test_another_model_is_not_described(stub):
    assert stub.GetModel(
        pb.GetModelRequest(model="duri-ko-en-bootstrap"), timeout=20).contract.dimension == 384
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetModel(pb.GetModelRequest(model="x" * 5000), timeout=20)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert len(caught.value.details()) < 300


@pytest.mark.parametrize("path", [
    "/duri.v1.Embeddings/Nothing", "/duri.v1.Nothing/Embed", "/nothing", "/", "//", "/duri.v1.Embeddings/Embed/"])
def test_unknown_methods_are_unimplemented(channel, path):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(path)(b"", timeout=20)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_deadline_ends_the_call_and_its_work(stub):
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        embed(stub, BULK, timeout=0.3)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # What was not being computed is dropped, so the next call does not wait for it.
    embed(stub, timeout=5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("timeout", ["1n", "0m", "50m", "50000u"])
def test_server_itself_keeps_the_deadline(server, timeout):
    with Wire(server.port) as wire:
        request = pb.EmbedRequest(texts=BULK).SerializeToString()
        reply = wire.call(EMBED, request, grpc_timeout=timeout)
        assert reply.status == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        assert not reply.messages


@pytest.mark.parametrize("timeout", ["99999999H", "99999999M", "99999999S", "99999999m", "20S"])
def test_long_deadlines_are_no_hindrance(server, timeout):
    with Wire(server.port) as wire:
        request = pb.EmbedRequest(texts=["a"]).SerializeToString()
        assert wire.call(EMBED, request, grpc_timeout=timeout).status == 0


@pytest.mark.parametrize("timeout", ["", "S", "1", "-1S", "1.5S", "123456789S", "1s", " 1S", "١S"])
def test_malformed_deadlines_are_refused(server, timeout):
    with Wire(server.port) as wire:
        request = pb.EmbedRequest(texts=["a"]).SerializeToString()
        reply = wire.call(EMBED, request, grpc_timeout=timeout)
        # White space around a value breaks HTTP/2 itself.
        if timeout.startswith(" "):
            assert reply.reset == 1 or reply.status == 0
        else:
            assert reply.status == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            assert "grpc-timeout" in reply.message


def test_cancelled_calls_stop_working(server, stub):
    calls = [stub.Embed.future(pb.EmbedRequest(texts=BULK), timeout=60) for _ in range(3)]
    wait_until(lambda: not idle(server, 0.2), 10, "the server computes")
    for call in calls:
        call.cancel()
        assert call.cancelled()
    wait_until(lambda: idle(server), 4, "the server rests after every call was cancelled")
    embed(stub)


def test_small_calls_pass_a_large_one(stub):
    bulk = stub.Embed.future(pb.EmbedRequest(texts=BULK), timeout=120)
    for _ in range(3):
        embed(stub, timeout=5)
    assert not bulk.done()
    bulk.cancel()


def test_threads_each_get_their_own_answers(stub):
    texts = [f"문장 번호 {n}, sentence number {n}" for n in range(32)]
    expected = [decode(item.embedding) for item in embed(stub, texts).items]

    def one(n):
        for _ in range(6):
            items = embed(stub, [texts[n], texts[31 - n]]).items
            assert numpy.array_equal(decode(items[0].embedding), expected[n])
            assert numpy.array_equal(decode(items[1].embedding), expected[31 - n])
        return n

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert list(pool.map(one, range(32))) == list(range(32))


def test_many_connections_at_once(server):
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.insecure_channel(server.address, options) for _ in range(40)]
    calls = [rpc.EmbeddingsStub(channel).Embed.future(pb.EmbedRequest(texts=["a"]), timeout=60)
             for channel in channels]
    assert all(len(call.result().items) == 1 for call in calls)
    for channel in channels:
        channel.close()


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_read(stub, compression):
    plain = embed(stub, ["압축 " * 300])
    packed = embed(stub, ["압축 " * 300], compression=compression)
    assert list(plain.items[0].embedding.values) == list(packed.items[0].embedding.values)


def test_unknown_compression_is_refused_with_what_is_known(server):
    with Wire(server.port) as wire:
        reply = wire.call(EMBED, b"", grpc_encoding="zstd")
        assert reply.status == grpc.StatusCode.UNIMPLEMENTED.value[0]
        assert reply.headers["grpc-accept-encoding"].split(",") == ["identity", "gzip", "deflate"]


def test_message_over_the_limit_is_refused(stub):
    with pytest.raises(grpc.RpcError) as caught:
        embed(stub, ["x" * 900_000] * 5)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(4 << 20) in caught.value.details()
    embed(stub)


def test_message_over_the_limit_once_decompressed_is_refused(server):
    message = pb.EmbedRequest(texts=["x" * 900_000] * 5).SerializeToString()
    with Wire(server.port) as wire:
        stream = wire.open(EMBED, grpc_encoding="gzip")
        wire.send(stream, framed(gzip.compress(message), compressed=True), end=True)
        reply = wire.finish(stream)
        assert reply.status == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def test_message_of_the_largest_size_is_read(stub):
    texts = ["가" * 300_000] * 4
    texts.append("a" * ((4 << 20) - pb.EmbedRequest(texts=texts + [""]).ByteSize() - 4))
    request = pb.EmbedRequest(texts=texts)
    while request.ByteSize() < 4 << 20:
        request.texts[-1] += "a"
    assert request.ByteSize() == 4 << 20
    reply = stub.Embed(request, timeout=120)
    assert [item.status.code for item in reply.items] == [0] * 5


def test_unary_calls_take_exactly_one_message(server):
    invalid = grpc.StatusCode.INVALID_ARGUMENT.value[0]
    with Wire(server.port) as wire:
        assert wire.call(GET_MODEL).status == invalid
        assert wire.call(GET_MODEL, b"", b"").status == invalid
        stream = wire.open(GET_MODEL, end=True)
        assert wire.finish(stream).status == invalid
        assert wire.call(GET_MODEL, b"").status == 0


def test_server_full_refuses_with_a_hint():
    server = DuriServer("--queue-tokens", "2048")
    try:
        outcomes = []
        with Wire(server.port) as wire:
            request = pb.EmbedRequest(texts=BULK[:48]).SerializeToString()
            streams = [wire.open() for _ in range(12)]
            for stream in streams:
                wire.send(stream, framed(request), end=True)
            for stream in streams:
                outcomes.append(wire.finish(stream, 60))
        full = [reply for reply in outcomes if reply.status != 0]
        assert full and len(full) < len(outcomes)
        for reply in full:
            assert reply.status == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
            hint = {**reply.headers, **reply.trailers}["grpc-retry-pushback-ms"]
            assert 1 <= int(hint) <= 60_000
            assert "retry" in reply.message
        with grpc.insecure_channel(server.address) as channel:
            embed(rpc.EmbeddingsStub(channel))
    finally:
        assert server.stop() == 0


def test_asyncio_client(server):
    async def run():
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = rpc.EmbeddingsStub(channel)
            replies = await asyncio.gather(*(
                stub.Embed(pb.EmbedRequest(texts=[f"글 {n}"]), timeout=60) for n in range(40)))
            assert all(reply.items[0].status.code == 0 for reply in replies)

            async def requests():
                yield pb.EmbedStreamRequest(settings=pb.StreamSettings(ordered=True))
                for n in range(300):
                    yield pb.EmbedStreamRequest(texts=[pb.StreamText(id=str(n), text=f"글 {n}")])

            ids = [item.id async for message in stub.EmbedStream(requests(), timeout=60)
                   for item in message.items]
            assert ids == [str(n) for n in range(300)]

            call = stub.Embed(pb.EmbedRequest(texts=BULK), timeout=60)
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await stub.Embed(pb.EmbedRequest(texts=["a"]), timeout=20)

    asyncio.run(run())
