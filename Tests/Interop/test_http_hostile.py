"""HTTP clients that misbehave: the server goes on, and holds no more than it should."""

import contextlib
import json
import signal
import socket
import struct
import threading
import time

import pytest
import requests

from support.polling import wait_until
from support.server import DuriServer, idle


@pytest.fixture(scope="module")
def server_options(tmp_path_factory):
    return ["--data", str(tmp_path_factory.mktemp("data")), "--threads", "1"]


def connect(server, seconds=20):
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), seconds)


def request(path, body=b"", fields="", kind="application/json", method="POST"):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{fields}"
    if "Transfer-Encoding" not in fields:
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def read_to_end(connection):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            data += part
    return data


@pytest.fixture(autouse=True)
def lives(server):
    yield
    assert server.is_alive, server.log
    reply = requests.post(f"{server.url}/v1/embed", json={"texts": ["안녕"]}, timeout=30)
    assert reply.status_code == 200 and len(reply.json()["items"][0]["embedding"]["values"]) == 384


@pytest.mark.parametrize("data, status", [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 40_000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 2_000 + b"\r\n", 431),
    (b"POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (b"POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
    (b"GET /v1/model HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
    (b"GET " + b"/" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
])
def test_what_is_no_request_is_answered_in_json(server, data, status):
    with connect(server) as connection:
        connection.sendall(data)
        answer = read_to_end(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status, answer[:300]
    assert json.loads(body)["error"]["code"]


def test_a_body_over_the_limit_is_refused_while_it_is_sent(server):
    with connect(server) as connection:
        connection.sendall(b"POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: 10000000\r\n\r\n")
        with contextlib.suppress(ConnectionError, TimeoutError):
            for _ in range(100):
                connection.sendall(b" " * 100_000)
        answer = read_to_end(connection)
    assert b" 413 " in answer.split(b"\r\n")[0]


def test_a_client_that_leaves_stops_its_work(server):
    texts = ["긴 글은 오래 걸린다. " * 200] * 400
    body = json.dumps({"texts": texts}, ensure_ascii=False).encode()
    for _ in range(3):
        connection = connect(server)
        connection.sendall(request("/v1/embed", body))
        wait_until(lambda: not idle(server, 0.1), 10, "the server computes")
        # A reset, as of a killed client, then an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        wait_until(lambda: idle(server), 20, "the server stops computing")


def test_an_upload_whose_answer_is_not_read_does_not_grow_the_server(server):
    requests.post(f"{server.url}/v1/collections", json={"name": "flood"}).raise_for_status()
    before = server.rss()
    line = json.dumps({"id": "same", "text": "글 " * 20_000}).encode() + b"\n"
    chunk = f"{len(line):x}\r\n".encode() + line + b"\r\n"
    with connect(server, 5) as connection:
        connection.sendall(request("/v1/collections/flood/documents", kind="application/x-ndjson",
                                   fields="Transfer-Encoding: chunked\r\n"))
        deadline, sent = time.monotonic() + 8, 0
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < deadline and sent < 400 << 20:
                connection.sendall(chunk)
                sent += len(chunk)
        assert server.rss() - before < 150, f"{sent >> 20} MiB were taken"
    wait_until(lambda: idle(server), 30, "the server stops computing")


def test_an_export_that_is_not_read_does_not_grow_the_server(server):
    url = f"{server.url}/v1/collections"
    requests.post(url, json={"name": "large"}).raise_for_status()
    # Large in what is kept, small in what is embedded.
    metadata = {f"field{n}": "x" * 4_000 for n in range(30)}
    lines = "\n".join(json.dumps({"id": str(n), "text": "x", "metadata": metadata}) for n in range(400))
    reply = requests.post(f"{url}/large/documents", data=lines.encode(), timeout=300,
                          headers={"content-type": "application/x-ndjson"})
    assert reply.status_code == 200 and '"error"' not in reply.text
    before = server.rss()
    connections = [connect(server) for _ in range(8)]
    for connection in connections:
        connection.sendall(request("/v1/collections/large/export", method="GET"))
    wait_until(lambda: idle(server), 30, "the server waits for its clients")
    # 8 × 48 MiB would be written if nothing held the exports back.
    assert server.rss() - before < 200
    for connection in connections:
        connection.close()


def test_many_connections_leave_nothing_behind(server):
    requests.get(f"{server.url}/healthz").raise_for_status()
    before = server.descriptors()
    connections = []
    for _ in range(300):
        connections.append(connect(server))
        connections[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
    for connection in connections:
        connection.close()
    wait_until(lambda: server.descriptors() <= before + 1, 20, "descriptors are given back")


def test_connections_that_stay_silent_are_closed(server):
    with connect(server, 30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        assert read_to_end(connection) == b""


def test_open_requests_are_answered_when_the_server_is_told_to_stop():
    server = DuriServer("--threads", "1")
    url = server.url
    answers = []
    body = {"texts": ["긴 글은 오래 걸린다. " * 200] * 150}

    def ask():
        answers.append(requests.post(f"{url}/v1/embed", json=body, timeout=60))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: not idle(server, 0.1), 10, "the server computes")
    server.process.send_signal(signal.SIGTERM)

    def is_refused():
        try:
            socket.create_connection((url.split("/")[2].split(":")[0], int(url.rsplit(":", 1)[1])), 1).close()
            return False
        except ConnectionRefusedError:
            return True

    wait_until(is_refused, 10, "new connections are refused")
    thread.join(60)
    assert answers and answers[0].status_code == 200
    assert answers[0].headers["connection"] == "close"
    assert len(answers[0].json()["items"]) == 150
    assert server.process.wait(30) == 0, server.log
