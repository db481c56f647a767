"""A client that reads slowly or not at all stops the work behind its stream, not the server's memory."""

import itertools
import os
import time

import numpy
import pytest

from support.polling import wait_until
from support.protos import pb
from support.server import idle
from support.wire import EMBED, EMBED_STREAM, Wire, framed

FULL = os.environ.get("DURI_INTEROP_FULL") == "1"
TEXTS = 100_000 if FULL else 10_000
# Resident memory may grow by this much over a stream of any length: the window of 512 vectors twice over (values and
# their messages), what the socket holds, and the allocator's slack.
FLAT_MIB = 24


def requests(count, ordered, size=64):
    yield pb.EmbedStreamRequest(settings=pb.StreamSettings(ordered=ordered, role=pb.ROLE_RAW))
    numbers = iter(range(count))
    while batch := list(itertools.islice(numbers, size)):
        yield pb.EmbedStreamRequest(
            texts=[pb.StreamText(id=f"t{n}", text=f"{n % 1000}") for n in batch])


@pytest.fixture(autouse=True)
def warm(stub):
    """The first calls make the server allocate what it keeps."""
    for _ in stub.EmbedStream(requests(1000, True), timeout=60):
        pass


@pytest.mark.parametrize("ordered", [True] if not FULL else [True, False])
def test_slow_reader_loses_nothing_and_memory_stays_flat(server, stub, ordered):
    before = server.rss()
    seen = numpy.zeros(TEXTS, bool)
    largest = 0
    following = 0
    pauses = 5
    for number, reply in enumerate(
            stub.EmbedStream(requests(TEXTS, ordered), timeout=600 if FULL else 120)):
        for item in reply.items:
            assert item.status.code == 0 and item.id == f"t{item.index}"
            assert len(item.embedding.values) == 384
            assert not ordered or item.index == following
            assert not seen[item.index]
            seen[item.index] = True
            following += 1
        if following > (6 - pauses) * TEXTS // 7:
            # Not a wait for anything: the reader is slow.
            pauses -= 1
            time.sleep(0.5)
        if number % 20 == 0:
            largest = max(largest, server.rss())
    assert seen.all() and pauses <= 0
    print(f"\nRSS {before:.0f} MiB before, at most {largest:.0f} MiB during {TEXTS} texts")
    assert largest - before < FLAT_MIB


def test_stopped_reader_stops_the_computing_until_it_reads_again(server, stub):
    count = 6000
    before = server.rss()
    replies = stub.EmbedStream(requests(count, True), timeout=120)
    received = [item.index for item in next(replies).items]
    wait_until(lambda: idle(server, 1), 20, "the computing stops while nobody reads")
    used = server.cpu()
    assert idle(server, 2)
    assert server.rss() - before < FLAT_MIB
    # Others are not held up by the stopped stream.
    stub.Embed(pb.EmbedRequest(texts=["안녕"]), timeout=10)
    for reply in replies:
        received += [item.index for item in reply.items]
    assert received == list(range(count))
    assert server.cpu() > used


def test_closed_windows_bound_what_the_server_works_ahead(server):
    """A client that grants no window at all: no more than the stream's window of texts is computed."""
    with Wire(server.port, credit=False, window=0) as wire:
        stream = wire.open(EMBED_STREAM)
        sent = 0
        try:
            for request in requests(100_000, False):
                wire.send(stream, framed(request.SerializeToString()), seconds=3)
                sent += len(request.texts)
        except TimeoutError:
            pass
        # 256 KiB of request window, the 512 texts in the window, and a message on either side.
        assert 512 <= sent < 30_000
        wait_until(lambda: idle(server, 1), 20, "the computing stops")
        assert not wire.replies[stream].body
        wire.h2.increment_flow_control_window(1 << 22, stream)
        wire.h2.increment_flow_control_window(1 << 22)
        wire.flush()
        wire.wait(lambda: len(wire.replies[stream].body) > 1 << 20)


def test_stopped_streams_do_not_block_other_calls_on_their_connection(server):
    """Six streams nobody reads leave the connection usable for a seventh call."""
    with Wire(server.port, credit=False, window=0) as wire:
        message = framed(b"".join(
            pb.EmbedStreamRequest(texts=[pb.StreamText(text=f"{n}")]).SerializeToString()
            for n in range(100)))
        for _ in range(6):
            stream = wire.open(EMBED_STREAM)
            try:
                while True:
                    wire.send(stream, message * 20, seconds=1)
            except TimeoutError:
                pass
        stream = wire.open(EMBED)
        # The windows of the other streams stay closed; only this one may answer.
        wire.h2.increment_flow_control_window(1 << 20, stream)
        wire.flush()
        wire.send(stream, framed(pb.EmbedRequest(texts=["안녕"]).SerializeToString()), end=True)
        assert wire.finish(stream).status == 0
