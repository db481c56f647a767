"""A server whose collections lie on Milvus (here Milvus Lite) beside one that keeps them itself: the same calls, the
same answers."""

import importlib
import socket
import subprocess
import sys
import time

import grpc
import pytest
from grpc_tools import protoc

from support import protos
from support.server import ROOT, DuriServer

pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")

START_SECONDS = 60


@pytest.fixture(scope="module")
def messages():
    code = protoc.main(
        ["protoc", f"-I{ROOT / 'Protocols'}", f"--python_out={protos._folder}", f"--grpc_python_out={protos._folder}",
         str(ROOT / "Protocols/duri/v1/retrieval.proto")])
    assert code == 0
    importlib.invalidate_caches()
    return importlib.import_module("duri.v1.retrieval_pb2"), importlib.import_module("duri.v1.retrieval_pb2_grpc")


class MilvusLite:
    """Milvus Lite's own server on a free loopback port, ended by its process id."""

    def __init__(self, directory, port=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = port or probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(directory), "--host", "127.0.0.1",
             "--port", str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, "Milvus Lite ended"
                if time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.1)

    @property
    def url(self):
        return f"milvus://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Both:
    """Every call goes to both servers; their answers must be alike."""

    def __init__(self, servers, messages):
        self.pb, rpc = messages
        self.channels = [grpc.insecure_channel(server.address) for server in servers]
        self.stubs = [rpc.RetrievalStub(channel) for channel in self.channels]

    def close(self):
        for channel in self.channels:
            channel.close()

    def __getattr__(self, method):
        def call(request):
            answers = []
            for stub in self.stubs:
                try:
                    answer = getattr(stub, method)(request, timeout=120)
                    answers.append([*answer] if method == "Export" else answer)
                except grpc.RpcError as error:
                    answers.append(error.code())
            return answers
        return call

    def same(self, method, request):
        embedded, milvus = getattr(self, method)(request)
        assert embedded == milvus
        return milvus


COLLECTION = "both_of-them"
SUBJECTS = ["고양이", "서울", "김치", "기차", "music", "the sea", "winter", "coffee"]


def documents(pb):
    for number in range(60):
        subject, other = SUBJECTS[number % 8], SUBJECTS[(number * 3 + 1) % 8]
        document = pb.Document(
            id=f"문서/{number:02}\"\\", title=subject if number % 3 else "",
            text=f"{subject}에 대한 글 {number}. It is about {other} and {subject}.")
        document.metadata["lang"].string_value = "ko" if number % 2 else "en"
        document.metadata["year"].number_value = 1990 + number % 10 + 0.5 * (number % 2)
        if number % 4:
            document.metadata["tags"].list_value.values.extend([subject, f"t{number % 5}"])
        if number % 7 == 0:
            document.metadata["open"].bool_value = number % 2 == 0
        yield pb.UpsertDocument(document=document)


FILTERS = [
    "", 'lang == "ko"', 'lang != "ko" and year >= 1995', 'tags has "김치" or not tags has "t1"', "not open == true",
    'year < 1993.25 and (lang in ["ko", "de"] or open == false)', 'absent == "x"', 'not absent == "x"',
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("embedded"), tmp_path_factory.mktemp("milvus")


@pytest.fixture(scope="module")
def filled(folders, messages):
    """Both stores with the same documents, made by servers that have ended since."""
    lite = MilvusLite(folders[1])
    try:
        servers = [DuriServer("--no-http", "--data", str(folders[0])), DuriServer("--no-http", "--store", lite.url)]
        both = Both(servers, messages)
        pb = both.pb
        both.same("CreateCollection", pb.CreateCollectionRequest(name=COLLECTION))
        given = list(documents(pb))
        both.same("Upsert", pb.UpsertRequest(collection=COLLECTION, documents=given))
        again = [*given[:5], pb.UpsertDocument(document=pb.Document(id="new", text="나중에 온 글"))]
        answer = both.same("Upsert", pb.UpsertRequest(collection=COLLECTION, documents=again))
        assert (answer.inserted, answer.replaced) == (1, 5)
        deleted = [given[3].document.id, given[4].document.id, "absent"]
        answer = both.same("DeleteDocuments", pb.DeleteDocumentsRequest(collection=COLLECTION, ids=deleted))
        assert answer.deleted == 2
        both.close()
        for server in servers:
            assert server.stop() == 0, server.log
    finally:
        lite.stop()


@pytest.fixture(scope="module")
def both(filled, folders, messages):
    lite = MilvusLite(folders[1])
    servers = [DuriServer("--no-http", "--data", str(folders[0])), DuriServer("--no-http", "--store", lite.url)]
    both = Both(servers, messages)
    both.lite = lite
    yield both
    both.close()
    for server in servers:
        assert server.stop() == 0, server.log
    both.lite.stop()


def test_collections_and_documents(both):
    pb = both.pb
    assert both.same("GetCollection", pb.GetCollectionRequest(name=COLLECTION)).count == 59
    assert len(both.same("ListCollections", pb.ListCollectionsRequest()).collections) == 1
    ids = ["new", "absent", "문서/00\"\\", "문서/03\"\\"]
    answer = both.same("GetDocuments", pb.GetDocumentsRequest(collection=COLLECTION, ids=ids, vectors=True))
    assert [found.document.id for found in answer.documents] == ["new", "문서/00\"\\"]


@pytest.mark.parametrize("condition", FILTERS)
def test_filters_pages_and_export(both, condition):
    pb = both.pb
    token, seen = "", []
    while True:
        page = both.same("ListDocuments", pb.ListDocumentsRequest(
            collection=COLLECTION, filter=condition, page_size=7, page_token=token, vectors=True))
        seen += [found.document.id for found in page.documents]
        token = page.next_page_token
        if not token:
            break
    exported = both.same("Export", pb.ExportRequest(collection=COLLECTION, filter=condition, vectors=True))
    assert [found.document.id for part in exported for found in part.documents] == seen
    assert seen == sorted(seen, key=str.encode)
    assert bool(seen) == (condition != 'absent == "x"')


@pytest.mark.parametrize("mode", ["SEARCH_MODE_VECTOR", "SEARCH_MODE_TEXT", "SEARCH_MODE_HYBRID"])
@pytest.mark.parametrize("condition", FILTERS)
def test_searches(both, mode, condition):
    pb = both.pb
    for limit in (3, 100):
        request = pb.SearchRequest(
            collection=COLLECTION, queries=["고양이와 바다", "coffee in winter", "김치 기차", "xyzzy"], limit=limit,
            filter=condition, mode=mode, method="SEARCH_METHOD_EXACT")
        embedded, milvus = both.Search(request)
        assert len(embedded.results) == len(milvus.results) == 4
        for expected, found in zip(embedded.results, milvus.results):
            scores = [hit.score for hit in expected.hits]
            assert [hit.score for hit in found.hits] == pytest.approx(scores, rel=1e-4, abs=1e-5)
            documents = {hit.id: hit.document for hit in expected.hits}
            # Scores that differ in their last bits may change places.
            ranks = {hit.id: hit.score for hit in expected.hits}
            for hit in found.hits:
                if hit.id in ranks:
                    assert hit.score == pytest.approx(ranks[hit.id], rel=1e-4, abs=1e-5)
                    assert hit.document == documents[hit.id]
                else:
                    assert hit.score == pytest.approx(expected.hits[-1].score, rel=1e-4, abs=1e-5)


def test_errors_are_the_same(both):
    pb = both.pb
    for method, request in [
        ("Search", pb.SearchRequest(collection="absent", queries=["a"])),
        ("Search", pb.SearchRequest(collection=COLLECTION, queries=["a"], filter="lang =")),
        ("CreateCollection", pb.CreateCollectionRequest(name=COLLECTION)),
        ("CreateCollection", pb.CreateCollectionRequest(name="-no")),
        ("DropCollection", pb.DropCollectionRequest(name="absent")),
    ]:
        assert isinstance(both.same(method, request), grpc.StatusCode)
    nameless = pb.UpsertDocument(document=pb.Document(text="without an id"))
    reply = both.same("Upsert", pb.UpsertRequest(collection=COLLECTION, documents=[nameless]))
    assert reply.failures[0].status.code == 3 and reply.inserted == 0


def test_a_document_over_milvus_own_limits_fails_alone(both):
    pb = both.pb
    both.same("CreateCollection", pb.CreateCollectionRequest(name="limits"))
    large = pb.UpsertDocument(document=pb.Document(id="large", text="가나다 " * 7_000))
    small = pb.UpsertDocument(document=pb.Document(id="small", text="A text."))
    embedded, milvus = both.Upsert(pb.UpsertRequest(collection="limits", documents=[large, small]))
    assert embedded.inserted == 2 and milvus.inserted == 1
    assert [f.id for f in milvus.failures] == ["large"] and "Milvus" in milvus.failures[0].status.message
    both.DropCollection(pb.DropCollectionRequest(name="limits"))


def test_milvus_comes_back(both, folders):
    pb = both.pb
    request = pb.SearchRequest(collection=COLLECTION, queries=["고양이"], mode="SEARCH_MODE_TEXT")
    before = both.Search(request)[1].results[0].hits
    both.lite.stop()
    embedded, milvus = both.Search(request)
    assert not isinstance(embedded, grpc.StatusCode) and isinstance(milvus, grpc.StatusCode)
    both.lite = MilvusLite(folders[1], both.lite.port)
    assert both.Search(request)[1].results[0].hits == before


def test_no_server_there():
    with pytest.raises(RuntimeError, match="127.0.0.1:1"):
        DuriServer("--no-http", "--store", "milvus://user:secret@127.0.0.1:1")
