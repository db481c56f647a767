"""Health, and the way down: NOT_SERVING, GOAWAY, open calls finish, exit code 0."""

import queue
import signal
import socket
import struct
import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2 as health
from grpc_health.v1 import health_pb2_grpc

from support.hostile import (
    DATA, END_STREAM, HEADERS, HELLO, PING, SETTINGS, WINDOW_UPDATE, Raw, frame, request)
from support.polling import wait_until
from support.protos import pb, rpc
from support.server import BINARY, ROOT, DuriServer, idle
from support.wire import EMBED_STREAM, Wire, framed

SERVING, NOT_SERVING, SERVICE_UNKNOWN = (
    getattr(health.HealthCheckResponse, name)
    for name in ("SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"))
ONE_TEXT = pb.EmbedStreamRequest(texts=[pb.StreamText(id="글", text="안녕")]).SerializeToString()


@pytest.fixture
def own_server(request):
    server = DuriServer(*getattr(request, "param", []))
    yield server
    if server.is_alive:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="module")
def checker(channel):
    return health_pb2_grpc.HealthStub(channel)


@pytest.mark.parametrize("service", [
    "", "duri.v1.Embeddings", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"])
def test_known_services_serve(checker, service):
    assert checker.Check(health.HealthCheckRequest(service=service), timeout=20).status == SERVING


def test_unknown_service_is_not_found(checker):
    with pytest.raises(grpc.RpcError) as caught:
        checker.Check(health.HealthCheckRequest(service="no.such.Service"), timeout=20)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("service, status", [
    ("", SERVING), ("duri.v1.Embeddings", SERVING), ("no.such.Service", SERVICE_UNKNOWN)])
def test_watch_tells_the_present_and_stays_open(checker, service, status):
    watch = checker.Watch(health.HealthCheckRequest(service=service), timeout=60)
    assert next(watch).status == status
    assert watch.is_active()
    watch.cancel()


def test_open_stream_finishes_while_new_calls_are_refused(own_server):
    with grpc.insecure_channel(own_server.address) as channel:
        stub = rpc.EmbeddingsStub(channel)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health.HealthCheckRequest(), timeout=60)
        assert next(watch).status == SERVING
        sending = queue.SimpleQueue()
        replies = stub.EmbedStream(iter(sending.get, None), timeout=60)
        request = pb.EmbedStreamRequest.FromString(ONE_TEXT)
        sending.put(request)
        assert next(replies).items[0].id == "글"

        own_server.terminate()
        assert next(watch).status == NOT_SERVING
        assert list(watch) == [] and watch.code() == grpc.StatusCode.OK
        # The open stream still works, for longer than the notice period of a second.
        for _ in range(15):
            sending.put(request)
            assert next(replies).items[0].status.code == 0
        wait_until(lambda: not accepts(own_server.port), 10, "the listener is closed")
        with grpc.insecure_channel(own_server.address) as other:
            with pytest.raises(grpc.RpcError) as caught:
                rpc.EmbeddingsStub(other).Embed(pb.EmbedRequest(texts=["a"]), timeout=10)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        sending.put(request)
        assert next(replies).items[0].index == 16
        assert own_server.is_alive
        sending.put(None)
        assert list(replies) == [] and replies.code() == grpc.StatusCode.OK
    assert own_server.process.wait(20) == 0


def test_goaway_comes_twice_and_later_streams_are_ignored(own_server):
    with Wire(own_server.port) as wire:
        stream = wire.open(EMBED_STREAM)
        wire.send(stream, framed(ONE_TEXT))
        wire.wait(lambda: wire.replies[stream].messages)
        own_server.terminate()
        wire.wait(lambda: len(wire.goaway) == 1)
        # A stream opened before the second notice still counts, one opened after it is ignored.
        second = wire.open(EMBED_STREAM)
        wire.send(second, framed(ONE_TEXT))
        wire.wait(lambda: wire.replies[second].messages)
        wire.wait(lambda: len(wire.goaway) == 2)
        assert wire.goaway == [(2**31 - 1, 0), (second, 0)]
        third = wire.open(EMBED_STREAM)
        wire.send(third, framed(ONE_TEXT))
        for open_stream in (stream, second):
            wire.send(open_stream, framed(ONE_TEXT), end=True)
            reply = wire.finish(open_stream)
            assert reply.status == 0 and len(reply.messages) == 2
        assert not wire.replies[third].headers
        wire.wait_closed()
    assert own_server.process.wait(20) == 0


def test_idle_and_half_open_connections_do_not_hold_up_the_end(own_server):
    with Wire(own_server.port) as wire, socket.create_connection(("127.0.0.1", own_server.port)):
        wire.wait(lambda: wire.settings)
        own_server.terminate()
        assert own_server.process.wait(10) == 0


def test_large_embed_in_flight_is_answered(own_server):
    with grpc.insecure_channel(own_server.address) as channel:
        texts = ["기차 여행은 즐겁습니다. " * 20] * 200
        call = rpc.EmbeddingsStub(channel).Embed.future(pb.EmbedRequest(texts=texts), timeout=60)
        start = own_server.cpu()
        wait_until(lambda: own_server.cpu() > start + 0.2, 10, "the call is being computed")
        own_server.terminate()
        assert len(call.result().items) == 200
    assert own_server.process.wait(20) == 0


def test_last_answer_arrives_whole_although_the_client_still_talks(own_server):
    """A socket closed with unread bytes in it is reset, and takes with it what the client has not read yet."""
    request_body = framed(pb.EmbedRequest(texts=["a"] * 400, role=pb.ROLE_RAW).SerializeToString())
    windows = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1 << 24)) + frame(
        WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 24))
    with Raw(own_server.port, HELLO, windows, request(1), seconds=60) as raw:
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.send(frame(DATA, END_STREAM, 1, request_body))
        raw.read_until(lambda: raw.frames)
        own_server.terminate()
        # The answer is computed and on its way, as far as the socket takes it.
        wait_until(lambda: idle(own_server), 30, "the call is computed")

        def trailers():
            raw.send(frame(PING, 0, 0, bytes(8)))
            return [f for f in raw.frames if f[0] == HEADERS and f[1] & END_STREAM]

        raw.read_until(trailers)
        data = b"".join(payload for kind, _, _, payload in raw.frames if kind == DATA)
        assert len(pb.EmbedResponse.FromString(data[5:]).items) == 400
    assert own_server.process.wait(20) == 0


@pytest.mark.parametrize("own_server", [["--drain-seconds", "2"]], indirect=True)
def test_streams_that_do_not_end_are_cut_after_the_drain_time(own_server):
    with Wire(own_server.port) as wire:
        stream = wire.open(EMBED_STREAM)
        wire.send(stream, framed(ONE_TEXT))
        wire.wait(lambda: wire.replies[stream].messages)
        own_server.terminate()
        wire.wait_closed(15)
    assert own_server.process.wait(15) == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_break_the_drain(own_server, second):
    with Wire(own_server.port) as wire:
        stream = wire.open(EMBED_STREAM)
        wire.send(stream, framed(ONE_TEXT))
        wire.wait(lambda: wire.replies[stream].messages)
        own_server.terminate()
        wire.wait(lambda: wire.goaway)
        own_server.process.send_signal(second)
        wire.send(stream, framed(ONE_TEXT), end=True)
        assert wire.finish(stream).status == 0
    assert own_server.process.wait(20) == 0


def test_interrupt_ends_an_idle_server(own_server):
    own_server.process.send_signal(signal.SIGINT)
    assert own_server.process.wait(20) == 0


def test_taken_port_is_an_error_naming_it(server):
    run = subprocess.run(
        [BINARY, "serve", "--grpc", server.address], env={"DURI_MODELS": str(ROOT / "Models")},
        capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert server.address in run.stderr


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
