"""Records what real HTTP/2 clients send: a relay writes down the client's bytes.

Needs grpcio, and `nghttp` and `nghttpd` (Debian: nghttp2-client, nghttp2-server).
Run in this folder: python record.py
"""

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from concurrent import futures

import grpc


# grpcio's server offers to take binary metadata raw (setting 0xFE03), which HTTP/2 does not allow
# in fields and other servers do not offer. Withdrawn here, so that the client sends base64.
RAW_METADATA = (b"\xfe\x03\x00\x00\x00\x01", b"\xfe\x03\x00\x00\x00\x00")


def relay(target_port):
    """Forwards one connection from a free port; returns port, the client's bytes, the thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    recorded = bytearray()

    def copy(source, target, record):
        while data := source.recv(65536):
            if record:
                recorded.extend(data)
            else:
                data = data.replace(*RAW_METADATA)
            target.sendall(data)
        with contextlib.suppress(OSError):  # the other side may be gone already
            target.shutdown(socket.SHUT_WR)

    def serve():
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", target_port))
        threading.Thread(target=copy, args=(server, client, False), daemon=True).start()
        copy(client, server, True)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], recorded, thread


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method.endswith("/Unary"):
            return grpc.unary_unary_rpc_method_handler(lambda request, _: request)
        return grpc.stream_stream_rpc_method_handler(lambda requests, _: requests)


def record_grpcio():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    metadata = (("x-request", "one"), ("x-data-bin", bytes(range(20))))
    for name in ("unary", "bidi"):
        relay_port, recorded, thread = relay(port)
        with grpc.insecure_channel(f"127.0.0.1:{relay_port}") as channel:
            if name == "unary":
                call = channel.unary_unary("/echo.Echo/Unary")
                for size in (0, 10, 700):
                    assert len(call(b"u" * size, timeout=5, metadata=metadata)) == size
            else:
                call = channel.stream_stream("/echo.Echo/Bidi")
                messages = [bytes([65 + i]) * (i * 60) for i in range(8)]
                assert list(call(iter(messages), timeout=5)) == messages
        thread.join(5)
        open(f"grpcio-{name}.bin", "wb").write(recorded)
    server.stop(0)


def wait_for(port):
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)


def record_nghttp():
    with tempfile.NamedTemporaryFile() as body, tempfile.TemporaryDirectory() as root:
        body.write(b"0123456789abcdef" * 40)
        body.flush()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        daemon = subprocess.Popen(["nghttpd", "--no-tls", "-d", root, str(port)])
        wait_for(port)
        relay_port, recorded, thread = relay(port)
        subprocess.run(
            ["nghttp", "-n", "--data", body.name, "--trailer", "x-trailer: end", "-p", "100",
             "-b", "7", f"http://127.0.0.1:{relay_port}/echo"], check=True)
        thread.join(5)
        daemon.terminate()
        open("nghttp-post.bin", "wb").write(recorded)


record_grpcio()
record_nghttp()
