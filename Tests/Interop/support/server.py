"""A duri server as a child process, and what the kernel says about it."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from .polling import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("DURI_BINARY", ROOT / ".build/release/duri")).resolve()
# The model whose numbers the tests know; the default model may change. A later --model wins.
MODEL = "duri-ko-en-bootstrap"
START_SECONDS = 60
STOP_SECONDS = 60


class DuriServer:
    """Starts on a free loopback port; ended by its process id."""

    def __init__(self, *options):
        self._log = tempfile.TemporaryFile()
        environment = {"DURI_MODELS": str(ROOT / "Models"), **os.environ}
        self.process = subprocess.Popen(
            [BINARY, "serve", "--model", MODEL, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log, env=environment)
        self.pid = self.process.pid
        try:
            self.port = self._port()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        """Where JSON is served."""
        return wait_until(lambda: re.search(r"on (http://\S+)", self.log), START_SECONDS, "JSON is served").group(1)

    @property
    def log(self):
        return os.pread(self._log.fileno(), 1 << 20, 0).decode(errors="replace")

    def _port(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(r"on 127\.0\.0\.1:(\d+)", self.log)
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.log}")
            time.sleep(0.05)
        raise RuntimeError(f"the server did not listen within {START_SECONDS} s: {self.log}")

    @property
    def is_alive(self):
        return self.process.poll() is None

    def rss(self):
        """Resident memory, MiB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def cpu(self):
        """Processor time used so far by all threads, seconds."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Asks the server to end and returns its exit code."""
        if self.is_alive:
            self.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {STOP_SECONDS} s of SIGTERM")


def idle(server, seconds=0.5):
    """Whether the server computes nothing for a while."""
    before = server.cpu()
    time.sleep(seconds)
    return server.cpu() - before < 0.1 * seconds
