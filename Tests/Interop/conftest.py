"""Real clients against a real server: `python -m pytest Tests/Interop`, with the packages of requirements.txt.

DURI_BINARY names the program (default .build/release/duri); DURI_INTEROP_FULL=1 makes the long tests long. Every module
starts a server of its own on a free loopback port and ends it by its process id.
"""

import grpc
import pytest

from support.protos import rpc
from support.server import DuriServer


@pytest.fixture(scope="module")
def server_options():
    """Options of `duri serve`; a module may define its own."""
    return []


@pytest.fixture(scope="module")
def server(server_options):
    server = DuriServer(*server_options)
    yield server
    assert server.is_alive, f"the server died with {server.process.returncode}: {server.log}"
    assert server.stop() == 0, server.log


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.address) as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return rpc.EmbeddingsStub(channel)
