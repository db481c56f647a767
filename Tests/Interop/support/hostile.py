"""Bytes that no client library would send."""

import contextlib
import socket
import struct
import time

import hpack

from .wire import EMBED, headers

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
ACK = END_STREAM = 1
END_HEADERS = 4
PADDED = 8


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; `length` lies about the payload's."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


HELLO = PREFACE + frame(SETTINGS)


def block(path=EMBED, fields=None, **extra):
    """A header block that leaves the dynamic table alone."""
    encoder = hpack.Encoder()
    return encoder.encode([(*field, True) for field in fields or headers(path, **extra)])


def request(stream, flags=END_HEADERS, **extra):
    return frame(HEADERS, flags, stream, block(**extra))


class Raw:
    """A socket for bytes as they are."""

    def __init__(self, port, *data, seconds=20):
        self.deadline = time.monotonic() + seconds
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.received = b""
        self.send(*data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *data):
        """Sends; a server that has closed the connection meanwhile is no error."""
        self.socket.settimeout(max(0.1, self.deadline - time.monotonic()))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in data:
                self.socket.sendall(part)

    def read_until(self, condition):
        """Reads until the condition on `received` holds; fails at the end of the connection or of the time."""
        while not condition():
            if not self._read():
                raise AssertionError(f"closed after {self.received[:200]!r}")

    def read_to_end(self):
        """Everything up to the server's closing of the connection."""
        while self._read():
            pass
        return self.received

    def _read(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(f"the server keeps the connection; it sent {self.received[:200]!r}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return False
        except TimeoutError:
            return True
        self.received += data
        return bool(data)

    @property
    def frames(self):
        """Complete frames received so far: (type, flags, stream, payload)."""
        found, offset = [], 0
        while len(self.received) >= offset + 9:
            size = int.from_bytes(self.received[offset:offset + 3], "big")
            if len(self.received) < offset + 9 + size:
                break
            kind, flags, stream = struct.unpack_from(">BBI", self.received, offset + 3)
            found.append((kind, flags, stream, self.received[offset + 9:offset + 9 + size]))
            offset += 9 + size
        return found

    def goaways(self):
        """Error codes of the GOAWAY frames received."""
        return [struct.unpack_from(">II", payload)[1] for kind, _, _, payload in self.frames
                if kind == GOAWAY]

    def resets(self):
        """Error codes of RST_STREAM frames by stream."""
        return {stream: struct.unpack(">I", payload)[0] for kind, _, stream, payload in self.frames
                if kind == RST_STREAM}
