"""Fixtures: one server a test module, ended by its process id."""

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
