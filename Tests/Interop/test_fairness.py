"""A single call is not kept waiting behind the backlog of someone else's stream."""

import threading

import grpc
import pytest

from support.polling import wait_until
from support.protos import pb, rpc

SENTENCE = "서울에서 부산까지 기차로 갑니다. We take the train to Busan. "


@pytest.mark.parametrize("text, batch, warm, most", [
    (SENTENCE, 64, 1500, 128), (SENTENCE * 1000, 8, 80, 16)], ids=["sentences", "books"])
def test_single_call_passes_the_backlog_of_a_stream(server, stub, text, batch, warm, most):
    """Of the texts that a stream has in work (512 sentences, 32 books), few are computed before a later single text."""
    stop = threading.Event()
    results = [0]

    def requests():
        while not stop.is_set():
            yield pb.EmbedStreamRequest(texts=[pb.StreamText(text=text)] * batch)

    def run():
        with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as own:
            replies = rpc.EmbeddingsStub(own).EmbedStream(requests(), timeout=100)
            try:
                for reply in replies:
                    results[0] += len(reply.items)
                    if stop.is_set():
                        replies.cancel()
            except grpc.RpcError as error:
                assert stop.is_set(), error

    reader = threading.Thread(target=run)
    reader.start()
    try:
        wait_until(lambda: results[0] > warm, 60, "the stream is under way")
        before = results[0]
        stub.Embed(pb.EmbedRequest(texts=["안녕하세요"]), timeout=60)
        passed = results[0] - before
        print(f"\n{passed} results of the stream came before the single one")
        assert passed <= most
    finally:
        stop.set()
        reader.join(100)
