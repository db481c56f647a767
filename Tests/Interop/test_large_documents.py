"""Large documents: an export's messages stay within what gRPC clients accept, replies within the server's limit."""

import uuid

import grpc
import pytest

from support.protos import retrieval as pb, retrieval_rpc as rpc

EXPORT_MESSAGE_BYTES = 1 << 20
REPLY_BYTES = 64 << 20
# Nearly all that a request message may have; one word to search for.
LARGE = "train" + " " * 3_600_000


@pytest.fixture(scope="module")
def server_options(tmp_path_factory):
    return ["--data", str(tmp_path_factory.mktemp("data"))]


@pytest.fixture(scope="module")
def retrieval(channel):
    return rpc.RetrievalStub(channel)


@pytest.fixture
def collection(retrieval):
    name = f"c{uuid.uuid4().hex[:12]}"
    retrieval.CreateCollection(pb.CreateCollectionRequest(name=name))
    yield name
    retrieval.DropCollection(pb.DropCollectionRequest(name=name))


def store(retrieval, collection, texts):
    """Texts by id, with a vector, so that nothing is embedded."""
    contract = retrieval.GetCollection(pb.GetCollectionRequest(name=collection)).contract
    vector = pb.DocumentVector(
        values=[1.0] + [0.0] * (contract.dimension - 1), model=contract.model,
        fingerprint=contract.fingerprint, prefix=contract.passage_prefix)
    reply = retrieval.Upsert(pb.UpsertRequest(collection=collection, documents=[
        pb.UpsertDocument(document=pb.Document(id=name, text=text), vector=vector)
        for name, text in texts.items()]), timeout=60)
    assert reply.inserted == len(texts), reply.failures


def refused(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=60)
    return caught.value


def test_an_export_is_cut_by_its_bytes_not_by_those_before(retrieval, collection):
    # Tiny ones come first: after 680 of them pages have grown to 1,000 documents.
    tiny = [f"a{n:04}" for n in range(680)]
    others = [f"b{n:04}" for n in range(1_000)]
    store(retrieval, collection, {name: "tiny" for name in tiny})
    for start in (0, 500):
        store(retrieval, collection, {name: "text " * 1_000 for name in others[start:start + 500]})
    messages = list(retrieval.Export(pb.ExportRequest(collection=collection), timeout=60))
    assert [d.document.id for m in messages for d in m.documents] == tiny + others
    assert [d.document.text for m in messages for d in m.documents] == ["tiny"] * 680 + ["text " * 1_000] * 1_000
    assert max(m.ByteSize() for m in messages) <= EXPORT_MESSAGE_BYTES
    assert len(messages) < 30


def test_a_large_document_is_exported_alone(retrieval, collection):
    for name, text in {"a": "small", "b": LARGE, "c": "small"}.items():
        store(retrieval, collection, {name: text})
    messages = list(retrieval.Export(pb.ExportRequest(collection=collection), timeout=60))
    assert [[d.document.id for d in m.documents] for m in messages] == [["a"], ["b"], ["c"]]


def test_one_document_asked_for_often_is_refused(server, retrieval, collection):
    store(retrieval, collection, {"large": LARGE})
    error = refused(retrieval.GetDocuments, pb.GetDocumentsRequest(collection=collection, ids=["large"] * 100))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert str(REPLY_BYTES) in error.details() and "fewer ids" in error.details()
    with grpc.insecure_channel(server.address, [("grpc.max_receive_message_length", -1)]) as wide:
        got = rpc.RetrievalStub(wide).GetDocuments(
            pb.GetDocumentsRequest(collection=collection, ids=["large", "absent", "large"]), timeout=60)
    assert [d.document.id for d in got.documents] == ["large"] * 2
    assert all(d.document.text == LARGE for d in got.documents)


@pytest.mark.parametrize("mode", [pb.SEARCH_MODE_VECTOR, pb.SEARCH_MODE_TEXT, pb.SEARCH_MODE_HYBRID])
def test_many_queries_that_find_a_large_document_are_refused(retrieval, collection, mode):
    store(retrieval, collection, {"large": LARGE})
    request = pb.SearchRequest(collection=collection, queries=["train"] * 64, mode=mode)
    error = refused(retrieval.Search, request)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert str(REPLY_BYTES) in error.details() and "ids_only" in error.details()
    request.ids_only = True
    results = retrieval.Search(request, timeout=60).results
    assert len(results) == 64
    assert all(r.hits[0].id == "large" and not r.hits[0].HasField("document") for r in results)
