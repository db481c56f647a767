"""Requests made from /openapi.json: no answer may contradict the description, and none may be a fault of the server.

Needs `schemathesis`, and is skipped without it; DURI_INTEROP_FULL=1 tries more of each operation.
"""

import os

import pytest
import requests

schemathesis = pytest.importorskip("schemathesis")
hypothesis = pytest.importorskip("hypothesis")

from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance, response_schema_conformance, status_code_conformance)

from support.server import DuriServer  # noqa: E402

EXAMPLES = 200 if os.environ.get("DURI_INTEROP_FULL") else 15


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    server = DuriServer("--data", str(tmp_path_factory.mktemp("data")))
    requests.post(f"{server.url}/v1/collections", json={"name": "0"}).raise_for_status()
    yield schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    assert server.is_alive, server.log
    assert server.stop() == 0, server.log


lazy = schemathesis.pytest.from_fixture("schema")


@lazy.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, deadline=None, derandomize=True,
                     suppress_health_check=list(hypothesis.HealthCheck))
def test_answers_are_as_described(case):
    response = case.call(timeout=60)
    checks = [content_type_conformance, response_schema_conformance, status_code_conformance]
    # 501 is what a server without a cross-encoder says.
    if response.status_code != 501:
        checks.append(not_a_server_error)
    if response.status_code >= 400 and case.method != "HEAD":
        assert set(response.json()) == {"error"}
    case.validate_response(response, checks=checks)
