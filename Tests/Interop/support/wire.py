"""gRPC calls over the `h2` library: everything a gRPC library would hide stays visible and controllable."""

import dataclasses
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

EMBED = "/duri.v1.Embeddings/Embed"
EMBED_STREAM = "/duri.v1.Embeddings/EmbedStream"
GET_MODEL = "/duri.v1.Embeddings/GetModel"


def framed(message, compressed=False):
    """A length-prefixed message."""
    return struct.pack(">BI", compressed, len(message)) + message


def headers(path, **extra):
    """Request headers; `grpc_timeout="50m"` adds grpc-timeout, None removes a field."""
    fields = {
        ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
        "content-type": "application/grpc", "te": "trailers",
    }
    for name, value in extra.items():
        key = (":" if name in ("method", "scheme", "authority") else "") + name.replace("_", "-")
        fields[key] = value
    return [(name, value) for name, value in fields.items() if value is not None]


@dataclasses.dataclass
class Reply:
    """What came back on one stream so far."""

    headers: dict = dataclasses.field(default_factory=dict)
    trailers: dict = dataclasses.field(default_factory=dict)
    body: bytearray = dataclasses.field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None
    uncredited: int = 0

    @property
    def status(self):
        value = {**self.headers, **self.trailers}.get("grpc-status")
        return None if value is None else int(value)

    @property
    def message(self):
        return {**self.headers, **self.trailers}.get("grpc-message", "")

    @property
    def messages(self):
        """The complete messages."""
        found, offset = [], 0
        while len(self.body) >= offset + 5:
            length = int.from_bytes(self.body[offset + 1:offset + 5], "big")
            if len(self.body) < offset + 5 + length:
                break
            found.append(bytes(self.body[offset + 5:offset + 5 + length]))
            offset += 5 + length
        return found


class ConnectionOver(Exception):
    """The server closed the connection."""


class Wire:
    """One HTTP/2 connection.

    `credit=False` never gives flow-control credit back, as a client that does not read its messages; `window` is the
    initial window of a stream.
    """

    def __init__(self, port, credit=True, window=1 << 20):
        self.credit = credit
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False,
                                      normalize_outbound_headers=False))
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        if credit:
            self.h2.increment_flow_control_window(1 << 26)
        self.replies = {}
        self.settings = {}
        self.goaway = []
        self._incoming = bytearray()
        self.is_over = False
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.settimeout(20)
            self.socket.sendall(data)

    # Calls

    def open(self, path=EMBED, end=False, fields=None, **extra):
        """Sends request headers; returns the stream."""
        stream = self.h2.get_next_available_stream_id()
        self.replies[stream] = Reply()
        self.h2.send_headers(stream, fields or headers(path, **extra), end_stream=end)
        self.flush()
        return stream

    def send(self, stream, data, end=False, seconds=20):
        """Sends body bytes as the windows allow; stops once the server has ended the call."""
        deadline = time.monotonic() + seconds
        data = memoryview(data)
        while data and not self.replies[stream].ended:
            room = min(self.h2.local_flow_control_window(stream),
                       self.h2.max_outbound_frame_size, len(data))
            if room > 0:
                self.h2.send_data(stream, bytes(data[:room]))
                data = data[room:]
                self.flush()
            else:
                self.pump(deadline)
        if end and not self.replies[stream].ended:
            self.h2.end_stream(stream)
        self.flush()

    def call(self, path, *messages, seconds=20, **extra):
        """A whole call."""
        stream = self.open(path, **extra)
        self.send(stream, b"".join(framed(message) for message in messages), end=True)
        return self.finish(stream, seconds)

    def finish(self, stream, seconds=20):
        """Waits for the end of a call."""
        return self.wait(lambda: self.replies[stream].ended and self.replies[stream], seconds)

    def wait(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            self.pump(deadline)

    def wait_closed(self, seconds=20):
        """Waits until the server closes the connection."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.pump(deadline)
        except ConnectionOver:
            return

    def pump(self, deadline):
        """Reads once."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server did not answer in time")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            raise TimeoutError("the server did not answer in time") from None
        if not data:
            self.is_over = True
            raise ConnectionOver()
        for event in self.h2.receive_data(self._without_goaway(data)):
            self._note(event)
        self.flush()

    def _without_goaway(self, data):
        """Takes GOAWAY frames out: after one, `h2` refuses to go on with the streams still open."""
        self._incoming += data
        frames = bytearray()
        while len(self._incoming) >= 9:
            size = 9 + int.from_bytes(self._incoming[:3], "big")
            if len(self._incoming) < size:
                break
            frame = self._incoming[:size]
            del self._incoming[:size]
            if frame[3] == 7:
                last, code = struct.unpack_from(">II", frame, 9)
                self.goaway.append((last, code))
            else:
                frames += frame
        return bytes(frames)

    def _note(self, event):
        reply = self.replies.get(getattr(event, "stream_id", None)) or Reply()
        match event:
            case h2.events.ResponseReceived():
                reply.headers = dict(event.headers)
            case h2.events.TrailersReceived():
                reply.trailers = dict(event.headers)
            case h2.events.DataReceived():
                reply.body += event.data
                if self.credit:
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id)
                else:
                    reply.uncredited += event.flow_controlled_length
            case h2.events.StreamEnded():
                reply.ended = True
            case h2.events.StreamReset():
                reply.ended = True
                reply.reset = int(event.error_code)
            case h2.events.RemoteSettingsChanged():
                self.settings |= {int(k): v.new_value for k, v in event.changed_settings.items()}
