"""The JSON interface through HTTP libraries: what it answers, beside what gRPC answers."""

import base64
import json

import httpx
import numpy
import pytest
import requests

from support.protos import pb


@pytest.fixture(scope="module")
def server_options(tmp_path_factory):
    return ["--data", str(tmp_path_factory.mktemp("data"))]


@pytest.fixture(scope="module")
def session(server):
    with requests.Session() as session:
        yield session


@pytest.fixture
def collection(server, session):
    """An empty collection, by its URL."""
    url = f"{server.url}/v1/collections"
    assert session.post(url, json={"name": "notes"}).status_code == 201
    yield f"{url}/notes"
    session.delete(f"{url}/notes")


TEXTS = ["오늘 날씨가 좋다", "The weather is nice", "두리", "a" * 5_000]


def test_vectors_are_bit_for_bit_those_of_grpc(server, session, stub):
    reply = session.post(f"{server.url}/v1/embed", json={"texts": TEXTS, "role": "passage"})
    assert reply.status_code == 200
    expected = stub.Embed(pb.EmbedRequest(texts=TEXTS, role=pb.ROLE_PASSAGE))
    items = reply.json()["items"]
    assert reply.json()["model"] == expected.model
    for item, wanted in zip(items, expected.items, strict=True):
        assert item["status"]["code"] == "OK"
        got = numpy.array(item["embedding"]["values"], numpy.float64).astype(numpy.float32)
        assert got.tobytes() == numpy.array(wanted.embedding.values, numpy.float32).tobytes()
        for field, value in item["receipt"].items():
            assert value == getattr(wanted.receipt, field), field


@pytest.mark.parametrize("encoding, number", [("float16", 2), ("int8", 3), ("binary", 4)])
def test_encoded_vectors_are_those_of_grpc(server, session, stub, encoding, number):
    reply = session.post(f"{server.url}/v1/embed", json={"texts": TEXTS[:1], "encoding": encoding})
    options = pb.EmbedOptions(encoding=number)
    expected = stub.Embed(pb.EmbedRequest(texts=TEXTS[:1], options=options)).items[0].embedding
    embedding = reply.json()["items"][0]["embedding"]
    assert base64.b64decode(embedding["data"]) == expected.data
    assert numpy.float32(embedding.get("scale", 0)) == numpy.float32(expected.scale)


@pytest.mark.parametrize("body, named", [
    ({"texts": ["a"], "turncate": "end"}, "turncate"), ({"texts": [1]}, "texts[0]"), ({}, "texts"),
    ({"texts": ["a"], "role": "quarry"}, "role"), ({"texts": ["a"] * 513}, "513"),
    ({"texts": ["a"], "dimensions": 0}, "dimensions")])
def test_a_fault_is_named(server, session, body, named):
    reply = session.post(f"{server.url}/v1/embed", json=body)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["code"] == "INVALID_ARGUMENT" and named in error["message"]


def test_texts_never_stand_in_errors(server, session):
    for body in ['{"texts": ["시크릿", 1]}', '{"texts": ["시크릿"', '{"texts": "시크릿"}',
                 '{"texts": ["a"], "role": "시크릿"}', '{"texts": ["a"], "encoding": {"시크릿": 1}}']:
        reply = session.post(f"{server.url}/v1/embed", data=body.encode(),
                             headers={"content-type": "application/json"})
        assert reply.status_code == 400 and "시크릿" not in reply.text, reply.text


def test_similarity_and_pairs_agree_with_the_vectors(server, session):
    texts = ["사과", "apple", "기차"]
    items = session.post(f"{server.url}/v1/embed", json={"texts": texts}).json()["items"]
    vectors = numpy.array([item["embedding"]["values"] for item in items])
    matrix = session.post(f"{server.url}/v1/similarity", json={"texts": texts}).json()["scores"]
    assert numpy.allclose(matrix, vectors @ vectors.T, atol=1e-5)
    pairs = session.post(f"{server.url}/v1/pairs", json={"pairs": [{"first": texts[0], "second": texts[1]}]})
    assert abs(pairs.json()["scores"][0]["score"] - matrix[0][1]) < 1e-5


def test_without_a_cross_encoder_rerank_says_so(server, session):
    reply = session.post(f"{server.url}/v1/rerank", json={"query": "a", "passages": ["b"]})
    assert reply.status_code == 501 and reply.json()["error"]["code"] == "UNIMPLEMENTED"


DOCUMENTS = [
    {"id": "1", "title": "", "text": "김치는 배추를 발효시켜 만든다.", "metadata": {"lang": "ko", "year": 1990}},
    {"id": "a/2", "title": "Train", "text": "The train to Busan leaves at nine.", "metadata": {"lang": "en"}},
    {"id": "셋", "title": "", "text": "고양이가 창가에서 잔다.", "metadata": {"lang": "ko", "tags": ["cat", "nap"]}}]


def test_documents_are_stored_found_and_removed(server, session, collection):
    reply = session.post(f"{collection}/documents", json=DOCUMENTS)
    assert reply.json() == {"inserted": 3, "replaced": 0, "truncated": 0, "settled": 3, "failures": []}
    assert session.get(collection).json()["count"] == 3
    for document in DOCUMENTS:
        url = f"{collection}/documents/{requests.utils.quote(document['id'], safe='')}"
        assert session.get(url).json() == document
    found = session.post(f"{collection}/search", json={"query": "cat sleeping by the window", "limit": 2}).json()
    hits = found["results"][0]["hits"]
    assert hits[0]["document"] in DOCUMENTS and hits[0]["vector_rank"] == 1 and len(hits) == 2
    words = session.post(f"{collection}/search", json={"query": "고양이", "mode": "text", "ids_only": True}).json()
    assert [hit["id"] for hit in words["results"][0]["hits"]] == ["셋"]
    assert "document" not in words["results"][0]["hits"][0] and "receipt" not in words["results"][0]
    both = session.post(f"{collection}/search", json={
        "queries": ["김치", "train"], "mode": "hybrid", "filter": 'lang == "ko"', "vector_weight": 0.3}).json()
    assert len(both["results"]) == 2
    assert all(hit["document"]["metadata"]["lang"] == "ko" for result in both["results"] for hit in result["hits"])
    listed = session.get(f"{collection}/documents", params={"filter": 'lang == "ko"', "page_size": 1}).json()
    assert len(listed["documents"]) == 1 and listed["next_page_token"]
    deleted = session.post(f"{collection}/documents/delete", json={"ids": ["1", "none"]}).json()
    assert deleted == {"deleted": 1}
    assert session.delete(f"{collection}/documents/a%2F2").status_code == 204
    assert session.get(f"{collection}/documents/a%2F2").status_code == 404


@pytest.mark.parametrize("path, body, field", [
    ("mine", {"limit": 2}, "pairs"), ("communities", {"minimum_size": 1, "threshold": 0.1}, "communities"),
    ("cluster", {"clusters": 2, "seed": 7}, "clusters"), ("project", {"texts": ["기차"]}, "documents")])
def test_all_vectors_together_are_asked(session, collection, path, body, field):
    session.post(f"{collection}/documents", json=DOCUMENTS)
    reply = session.post(f"{collection}/{path}", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()[field]
    assert session.post(f"{collection}/{path}", json={**body, "filter": "year >"}).status_code == 400


def test_any_number_of_documents_streams_in_and_out(server, collection):
    count = 3_000

    def lines():
        for number in range(count):
            yield json.dumps({"id": f"{number:05}", "text": f"문서 {number}번 document"}).encode() + b"\n"

    settled, inserted = 0, 0
    with httpx.Client(timeout=120) as client:
        with client.stream("POST", f"{collection}/documents", content=lines(),
                           headers={"content-type": "application/x-ndjson"}) as reply:
            assert reply.status_code == 200
            for line in reply.iter_lines():
                progress = json.loads(line)
                assert not progress["failures"] and progress["settled"] > settled
                settled, inserted = progress["settled"], inserted + progress["inserted"]
        assert settled == inserted == count
        with client.stream("GET", f"{collection}/export", params={"vectors": "true"}) as reply:
            exported = [json.loads(line) for line in reply.iter_lines()]
    assert [document["id"] for document in exported] == [f"{number:05}" for number in range(count)]
    assert all(len(document["vector"]["values"]) == 384 for document in exported)
    # What came out goes in again, vectors and all, and nothing changes.
    body = "\n".join(json.dumps(document) for document in exported[:200])
    again = requests.post(f"{collection}/documents", data=body.encode(),
                          headers={"content-type": "application/x-ndjson"})
    reports = [json.loads(line) for line in again.text.splitlines()]
    assert sum(report["replaced"] for report in reports) == 200
    one = requests.get(f"{collection}/documents/00007", params={"vectors": "true"}).json()
    assert one == exported[7]


def test_the_model_is_the_one_of_grpc(server, session, stub):
    model = session.get(f"{server.url}/v1/model").json()
    expected = stub.GetModel(pb.GetModelRequest())
    assert model["contract"]["name"] == expected.contract.name
    assert model["contract"]["dimension"] == expected.contract.dimension
    assert model["limits"]["maximum_texts"] == expected.limits.maximum_texts
    assert model["version"] == expected.version and model["precision"] == expected.precision


def test_the_page_comes_from_here_only(server, session):
    page = session.get(f"{server.url}/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert session.get(f"{server.url}/", headers={"if-none-match": page.headers["etag"]}).status_code == 304


def test_description_and_health(server, session):
    assert session.get(f"{server.url}/openapi.json").json()["openapi"] == "3.1.0"
    assert session.get(f"{server.url}/healthz").json() == {"status": "SERVING"}
    assert session.get(f"{server.url}/readyz").json() == {"status": "SERVING"}
