"""EmbedStream with generated stubs: names, positions, order, settings, ends, failures."""

import itertools
import queue
import threading
import time

import grpc
import numpy
import pytest

from support.polling import wait_until
from support.protos import pb
from support.server import idle
from support.vectors import decode

Text, Request = pb.StreamText, pb.EmbedStreamRequest


def settings(**fields):
    options = pb.EmbedOptions(**fields.pop("options", {}))
    return pb.StreamSettings(options=options, **fields)


def stream(stub, requests, timeout=120):
    return [item for reply in stub.EmbedStream(iter(requests), timeout=timeout)
            for item in reply.items]


def refused(stub, requests, code, timeout=60):
    with pytest.raises(grpc.RpcError) as caught:
        stream(stub, requests, timeout)
    assert caught.value.code() == code
    return caught.value.details()


def test_vectors_are_those_of_embed(stub):
    texts = ["안녕하세요", "hello", "기차 " * 700, "hello"]
    expected = stub.Embed(pb.EmbedRequest(texts=texts, role=pb.ROLE_PASSAGE), timeout=60).items
    items = stream(stub, [Request(
        settings=settings(role=pb.ROLE_PASSAGE),
        texts=[Text(id=f"글-{n}", text=text) for n, text in enumerate(texts)])])
    assert sorted(item.index for item in items) == [0, 1, 2, 3]
    for item in items:
        assert item.id == f"글-{item.index}"
        assert item.embedding == expected[item.index].embedding
        assert item.receipt == expected[item.index].receipt


def test_no_message_gives_no_result(stub):
    assert stream(stub, []) == []


def test_settings_alone_give_no_result(stub):
    assert stream(stub, [Request(settings=settings())]) == []
    assert stream(stub, [Request(), Request(), Request()]) == []


def test_settings_may_come_before_the_texts(stub):
    items = stream(stub, [
        Request(settings=settings(options={"encoding": pb.ENCODING_BINARY, "dimensions": 16})),
        Request(), Request(texts=[Text(text="a")]), Request(texts=[Text(text="b")] * 2)])
    assert sorted(item.index for item in items) == [0, 1, 2]
    assert all(len(item.embedding.data) == 2 and item.id == "" for item in items)


def test_settings_may_be_absent(stub):
    assert len(decode(stream(stub, [Request(texts=[Text(text="a")])])[0].embedding)) == 384


def test_settings_on_a_later_message_are_an_error(stub):
    details = refused(
        stub, [Request(texts=[Text(text="a")]), Request(settings=settings())],
        grpc.StatusCode.INVALID_ARGUMENT)
    assert "settings" in details


@pytest.mark.parametrize("fields, code", [
    ({"model": "another"}, grpc.StatusCode.NOT_FOUND),
    ({"role": 99}, grpc.StatusCode.INVALID_ARGUMENT),
    ({"options": {"dimensions": 4000}}, grpc.StatusCode.INVALID_ARGUMENT),
    ({"instruction": "Find"}, grpc.StatusCode.INVALID_ARGUMENT)])
def test_bad_settings_end_the_stream(stub, fields, code):
    refused(stub, [Request(settings=settings(**fields), texts=[Text(text="a")])], code)


def test_ids_over_the_limit_end_the_stream(stub):
    assert stream(stub, [Request(texts=[Text(id="i" * 1024, text="a")])])[0].id == "i" * 1024
    assert "1024" in refused(
        stub, [Request(texts=[Text(id="i" * 1025, text="a")])], grpc.StatusCode.INVALID_ARGUMENT)


def test_bad_texts_fail_alone_and_in_their_place(stub):
    texts = ["a", "", "b", "y" * ((1 << 20) + 1), "기차 " * 700, "c"]
    requests = [Request(settings=settings(ordered=True, options={"truncate": pb.TRUNCATE_ERROR}))]
    requests += [Request(texts=[Text(id=str(n), text=text)]) for n, text in enumerate(texts)]
    items = stream(stub, requests)
    assert [item.id for item in items] == list("012345")
    invalid = grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert [item.status.code for item in items] == [0, invalid, 0, invalid, invalid, 0]


def test_ordered_results_wait_for_slow_predecessors(stub):
    texts = [("긴 글 " * 600 if n % 7 == 0 else f"짧은 {n}") for n in range(120)]
    requests = [Request(settings=settings(ordered=True),
                        texts=[Text(id=str(n), text=text) for n, text in enumerate(texts)])]
    items = stream(stub, requests)
    assert [item.index for item in items] == list(range(120))
    assert [item.id for item in items] == [str(n) for n in range(120)]


def test_results_come_before_the_client_ends_its_side(stub):
    sending = queue.SimpleQueue()
    replies = stub.EmbedStream(iter(sending.get, None), timeout=60)
    for n in range(5):
        sending.put(Request(texts=[Text(id=str(n), text=f"글 {n}")]))
        assert [(item.id, item.index) for item in next(replies).items] == [(str(n), n)]
    sending.put(None)
    assert list(replies) == []
    assert replies.code() == grpc.StatusCode.OK


def test_too_many_texts_in_one_message_end_the_stream(stub):
    # Texts that fail cost next to nothing.
    assert len(stream(stub, [Request(texts=[Text()] * 16_384)])) == 16_384
    details = refused(
        stub, [Request(texts=[Text()] * 16_385)], grpc.StatusCode.INVALID_ARGUMENT)
    assert "16385" in details and "16384" in details


@pytest.mark.parametrize("ordered", [False, True])
def test_many_texts_in_one_message(stub, ordered):
    texts = [Text(id=str(n), text=str(n)) for n in range(3000)]
    items = stream(stub, [Request(settings=settings(
        ordered=ordered, role=pb.ROLE_RAW, options={"encoding": pb.ENCODING_INT8}), texts=texts)])
    indices = [item.index for item in items]
    assert (indices if ordered else sorted(indices)) == list(range(3000))
    assert all(item.id == str(item.index) for item in items)


def test_twenty_thousand_texts(stub):
    """No text is lost, doubled or mistaken for another."""
    count = 20_000
    words = [f"{n % 50}" for n in range(count)]
    numbers = iter(range(count))

    def requests():
        yield Request(settings=settings(
            role=pb.ROLE_RAW, options={"encoding": pb.ENCODING_FLOAT16, "dimensions": 64}))
        while batch := list(itertools.islice(numbers, 100)):
            yield Request(texts=[Text(id=f"t{n}", text=words[n]) for n in batch])

    seen = numpy.zeros(count, bool)
    vector_of = {}
    for reply in stub.EmbedStream(requests(), timeout=120):
        for item in reply.items:
            assert item.status.code == 0 and item.id == f"t{item.index}"
            assert not seen[item.index]
            seen[item.index] = True
            assert vector_of.setdefault(words[item.index], item.embedding.data) == item.embedding.data
    assert seen.all()
    assert len(set(vector_of.values())) == 50


def endless(began):
    for n in itertools.count():
        began.set()
        yield Request(texts=[Text(text=f"기차 여행 {n}. " * 40)] * 32)


def test_cancelling_a_stream_stops_its_work(server, stub):
    began = threading.Event()
    replies = stub.EmbedStream(endless(began), timeout=120)
    next(replies)
    replies.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        list(replies)
    assert caught.value.code() == grpc.StatusCode.CANCELLED
    stub.Embed(pb.EmbedRequest(texts=["a"]), timeout=5)
    wait_until(lambda: idle(server), 10, "the processor comes to rest after a cancelled stream")


def test_deadline_ends_a_stream(server, stub):
    began = time.monotonic()
    refused(stub, endless(threading.Event()), grpc.StatusCode.DEADLINE_EXCEEDED, timeout=1)
    assert time.monotonic() - began < 5
    wait_until(lambda: idle(server), 10, "the processor comes to rest after an expired stream")


def test_streams_share_the_server(stub):
    results = {}

    def one(name):
        texts = [Text(id=f"{name}-{n}", text=f"{name} {n}") for n in range(300)]
        requests = [Request(settings=settings(ordered=True))]
        requests += [Request(texts=texts[n:n + 10]) for n in range(0, 300, 10)]
        results[name] = [item.id for item in stream(stub, requests)]

    threads = [threading.Thread(target=one, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {name: [f"{name}-{n}" for n in range(300)] for name in range(8)}
