"""Collections over gRPC with generated stubs, and the commands that use them."""

import json
import signal
import subprocess
import time
import unicodedata
import uuid

import grpc
import pytest

from support.protos import retrieval as pb, retrieval_rpc as rpc
from support.server import BINARY, DuriServer

TEXTS = {
    "kimchi.ko": ("김장은 늦가을에 겨울 동안 먹을 김치를 한꺼번에 담그는 일이다.", "ko", 2019),
    "kimchi.en": ("In late autumn families make kimchi for the whole winter.", "en", 2020),
    "train.ko": ("그는 매일 아침 기차를 타고 회사에 간다.", "ko", 2021),
    "train.en": ("He takes the train to work every morning.", "en", 2022),
    "stock.en": ("Stock prices fell sharply after the announcement.", "en", 2023),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("collections")


@pytest.fixture(scope="module")
def server_options(data):
    return ["--data", str(data)]


@pytest.fixture(scope="module")
def retrieval(channel):
    return rpc.RetrievalStub(channel)


def document(name, text, lang, year):
    return pb.UpsertDocument(document=pb.Document(id=name, text=text, metadata={
        "lang": pb.MetadataValue(string_value=lang), "year": pb.MetadataValue(number_value=year),
        "tags": pb.MetadataValue(list_value=pb.StringList(values=[lang, "demo"]))}))


@pytest.fixture
def collection(retrieval):
    name = f"c{uuid.uuid4().hex[:12]}"
    retrieval.CreateCollection(pb.CreateCollectionRequest(name=name))
    reply = retrieval.Upsert(pb.UpsertRequest(
        collection=name, documents=[document(n, *rest) for n, rest in TEXTS.items()]))
    assert (reply.inserted, reply.replaced, len(reply.failures)) == (len(TEXTS), 0, 0)
    yield name
    retrieval.DropCollection(pb.DropCollectionRequest(name=name))


def search(retrieval, name, query, **options):
    reply = retrieval.Search(pb.SearchRequest(collection=name, queries=[query], **options), timeout=60)
    assert reply.results[0].status.code == 0
    return reply.results[0].hits


def refused(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=60)
    return caught.value


def test_questions_find_documents_of_the_other_language(retrieval, collection):
    assert search(retrieval, collection, "겨울 김치 담그기", filter='lang == "en"')[0].id == "kimchi.en"
    assert search(retrieval, collection, "commuting by rail", filter='lang == "ko"')[0].id == "train.ko"


@pytest.mark.parametrize("method", [pb.SEARCH_METHOD_EXACT, pb.SEARCH_METHOD_INT8, pb.SEARCH_METHOD_BINARY])
def test_methods_agree_on_a_small_collection(retrieval, collection, method):
    exact = search(retrieval, collection, "기차", method=pb.SEARCH_METHOD_EXACT)
    found = search(retrieval, collection, "기차", method=method)
    assert [(h.id, h.score) for h in found] == [(h.id, h.score) for h in exact]
    assert [h.vector_rank for h in found] == list(range(1, len(TEXTS) + 1))


def test_words_find_nouns_behind_particles(retrieval, collection):
    hits = search(retrieval, collection, "기차는", mode=pb.SEARCH_MODE_TEXT)
    assert [h.id for h in hits] == ["train.ko"] and hits[0].text_rank == 1 and hits[0].vector_rank == 0


def test_hybrid_carries_both_kinds_of_evidence(retrieval, collection):
    best = search(retrieval, collection, "morning train", mode=pb.SEARCH_MODE_HYBRID)[0]
    assert best.id == "train.en" and best.vector_rank == 1 and best.text_rank == 1
    assert best.score == pytest.approx(1 / 61, rel=1e-5)


def test_filters(retrieval, collection):
    def ids(text):
        return {h.id for h in search(retrieval, collection, "winter", filter=text)}
    assert ids("year >= 2022") == {"train.en", "stock.en"}
    assert ids('tags has "ko" and not year == 2021') == {"kimchi.ko"}
    assert ids('lang in ["fr"]') == set()
    error = refused(retrieval.Search, pb.SearchRequest(collection=collection, queries=["x"], filter="lang =="))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_upsert_again_replaces(retrieval, collection):
    reply = retrieval.Upsert(pb.UpsertRequest(
        collection=collection, documents=[document("stock.en", "The bakery opens at seven.", "en", 1)]))
    assert (reply.inserted, reply.replaced) == (0, 1)
    assert search(retrieval, collection, "빵집은 언제 여나요?")[0].id == "stock.en"
    got = retrieval.GetDocuments(pb.GetDocumentsRequest(collection=collection, ids=["stock.en"], vectors=True))
    assert got.documents[0].document.text == "The bakery opens at seven."
    assert len(got.documents[0].vector.values) == 384


def test_a_bad_document_fails_alone(retrieval, collection):
    reply = retrieval.Upsert(pb.UpsertRequest(collection=collection, documents=[
        document("empty", "", "en", 1), document("full", "A full text.", "en", 1)]))
    assert reply.inserted == 1 and [(f.index, f.id) for f in reply.failures] == [(0, "empty")]


def test_a_document_out_of_bounds_fails_alone(retrieval, collection):
    odd = document("odd", "A text.", "en", 1)
    odd.document.metadata["no spaces please"].string_value = "x"
    reply = retrieval.Upsert(pb.UpsertRequest(collection=collection, documents=[
        document("empty", "", "en", 1), document("x" * 600, "A text.", "en", 1), odd, document("b", "A text.", "en", 1)]))
    assert reply.inserted == 1 and [f.index for f in reply.failures] == [0, 1, 2]
    assert "600 bytes" in reply.failures[1].status.message and "metadata" in reply.failures[2].status.message

    def requests():
        yield pb.UpsertRequest(collection=collection)
        for start in range(0, 300, 100):
            yield pb.UpsertRequest(documents=[
                document("x" * 600 if start + i == 242 else f"s{start + i}", "A text.", "en", 1) for i in range(100)])
    replies = list(retrieval.UpsertStream(requests(), timeout=120))
    assert sum(r.inserted for r in replies) == 299
    assert [f.index for r in replies for f in r.failures] == [242]


def test_ids_and_filters_are_compared_by_their_bytes(retrieval, collection):
    composed, apart = (unicodedata.normalize(form, "한글") for form in ("NFC", "NFD"))
    documents = [document(composed, "The bakery opens at seven.", "en", 1), document(apart, "한밤의 기차 여행.", "ko", 2)]
    for each in documents:
        each.document.metadata["file"].string_value = each.document.id
    retrieval.Upsert(pb.UpsertRequest(collection=collection, documents=documents))
    for mode in (pb.SEARCH_MODE_VECTOR, pb.SEARCH_MODE_HYBRID):
        hits = {hit.id.encode(): hit.document.text for hit in search(
            retrieval, collection, "night train bakery 기차", mode=mode, limit=20)}
        assert {each.document.id.encode(): each.document.text for each in documents}.items() <= hits.items()
    for name in (composed, apart, composed):
        found = search(retrieval, collection, "train", filter=f'file == "{name}"')
        assert [hit.id.encode() for hit in found] == [name.encode()]


def test_vectors_of_another_prompt_are_refused(retrieval, collection):
    export = [d for r in retrieval.Export(pb.ExportRequest(collection=collection, vectors=True)) for d in r.documents]
    assert [d.document.id for d in export] == sorted(TEXTS)
    mine = pb.UpsertDocument(document=export[0].document, vector=export[0].vector)
    assert retrieval.Upsert(pb.UpsertRequest(collection=collection, documents=[mine])).replaced == 1
    mine.vector.prefix = "query: "
    error = refused(retrieval.Upsert, pb.UpsertRequest(collection=collection, documents=[mine]))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_stream_acknowledges_and_keeps_the_order(retrieval, collection):
    def requests():
        yield pb.UpsertRequest(collection=collection)
        for start in range(0, 600, 50):
            yield pb.UpsertRequest(documents=[
                document(f"d{(start + i) % 300:03}", f"Text number {start + i}.", "en", start + i) for i in range(50)])
    replies = list(retrieval.UpsertStream(requests(), timeout=300))
    assert replies[-1].settled == 600
    assert (sum(r.inserted for r in replies), sum(r.replaced for r in replies)) == (300, 300)
    got = retrieval.GetDocuments(pb.GetDocumentsRequest(collection=collection, ids=["d000", "d299"]))
    assert [d.document.text for d in got.documents] == ["Text number 300.", "Text number 599."]


def test_pages(retrieval, collection):
    names, token = [], ""
    while True:
        page = retrieval.ListDocuments(pb.ListDocumentsRequest(collection=collection, page_size=2, page_token=token))
        names += [d.document.id for d in page.documents]
        token = page.next_page_token
        if not token:
            break
    assert names == sorted(TEXTS)


def test_mining(retrieval, collection):
    pairs = retrieval.MineParaphrases(pb.MineParaphrasesRequest(collection=collection, limit=1)).pairs
    assert {pairs[0].first, pairs[0].second} in ({"train.ko", "train.en"}, {"kimchi.ko", "kimchi.en"})
    clusters = retrieval.Cluster(pb.ClusterRequest(collection=collection, clusters=5)).clusters
    assert sorted(i for c in clusters for i in c.ids) == sorted(TEXTS)
    points = retrieval.Project(pb.ProjectRequest(collection=collection, texts=["기차"]))
    assert len(points.documents) == len(TEXTS) and len(points.texts) == 1
    scores = retrieval.ScorePairs(pb.ScorePairsRequest(pairs=[
        pb.TextPair(first="기차를 탔다.", second="I took a train."), pb.TextPair(first="기차를 탔다.", second="")])).scores
    assert scores[0].score > 0.4 and scores[1].status.code == 3


def test_errors_name_the_remedy(retrieval, collection):
    assert refused(retrieval.GetCollection, pb.GetCollectionRequest(name="nowhere")).code() == grpc.StatusCode.NOT_FOUND
    again = refused(retrieval.CreateCollection, pb.CreateCollectionRequest(name=collection))
    assert again.code() == grpc.StatusCode.ALREADY_EXISTS
    error = refused(retrieval.Search, pb.SearchRequest(collection=collection, queries=["x"], rerank=True))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED and "--reranker" in error.details()
    other = pb.CreateCollectionRequest(name="other", contract=pb.CollectionContract(dimension=7))
    assert refused(retrieval.CreateCollection, other).code() == grpc.StatusCode.FAILED_PRECONDITION


def test_without_a_directory_nothing_is_kept():
    server = DuriServer()
    with grpc.insecure_channel(server.address) as channel:
        error = refused(rpc.RetrievalStub(channel).ListCollections, pb.ListCollectionsRequest())
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED and "--data" in error.details()
    assert server.stop() == 0


def test_collections_outlive_the_server(tmp_path):
    for run in range(2):
        server = DuriServer("--data", str(tmp_path))
        with grpc.insecure_channel(server.address) as channel:
            stub = rpc.RetrievalStub(channel)
            if run == 0:
                stub.CreateCollection(pb.CreateCollectionRequest(name="kept"))
                stub.Upsert(pb.UpsertRequest(collection="kept", documents=[document("a", "A text.", "en", 1)]))
                server.process.kill()
                server.process.wait()
            else:
                assert stub.GetCollection(pb.GetCollectionRequest(name="kept")).count == 1
                assert server.stop() == 0


def duri(*arguments, stdin=""):
    done = subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_exports_vectors_go_to_collections_of_their_model_only(tmp_path):
    data = ["--data", str(tmp_path)]
    line = {"_id": "a", "text": "He takes the train to work."}
    duri("index", "-c", "notes", *data, "-", stdin=json.dumps(line))
    exported = json.loads(duri("export", "-c", "notes", *data, "--vectors"))
    assert set(exported["vector"]) == {"values", "model", "fingerprint", "prefix"}

    def refusal(vector):
        done = subprocess.run(
            [BINARY, "index", "-c", "copy", *data, "-"], input=json.dumps(exported | {"vector": vector}),
            capture_output=True, text=True, timeout=120)
        assert done.returncode != 0
        return done.stderr

    assert "(of another model)" in refusal(exported["vector"] | {"fingerprint": "of another model"})
    assert "which model" in refusal(exported["vector"]["values"])
    assert duri("export", "-c", "copy", *data) == ""


def test_a_line_with_a_field_of_the_wrong_type_is_no_document(tmp_path):
    lines = [{"_id": "a", "text": "A text.", "title": 2024}, {"_id": "b", "text": "A text.", "metadata": ["x"]},
             {"_id": "c", "text": "A text.", "title": None, "metadata": None}]
    done = subprocess.run(
        [BINARY, "index", "-c", "notes", "--data", str(tmp_path), "-"], input="\n".join(map(json.dumps, lines)),
        capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and '"title" that is not a string' in done.stderr
    assert "2 lines are not documents" in done.stderr and "1 documents added" in done.stderr


def test_files_of_one_name_are_told_apart(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "readme.md").write_text(f"The text of folder {name}.\n")
    data = ["--data", str(tmp_path / "data")]
    duri("index", "-c", "notes", *data, str(tmp_path / "one"), str(tmp_path / "two" / "readme.md"))
    ids = [json.loads(line)["_id"] for line in duri("export", "-c", "notes", *data).splitlines()]
    assert sorted(ids) == [f"{tmp_path}/{name}/readme.md" for name in ("one", "two")]


def test_a_document_too_large_for_a_message_fails_alone(tmp_path):
    lines = [{"_id": "large", "text": "가" * 2_000_000}] + [
        {"_id": f"m{i}", "text": "A text.", "metadata": {f"f{k}": "x" * 1_000 for k in range(30)}} for i in range(200)]
    done = subprocess.run(
        [BINARY, "index", "-c", "notes", "--data", str(tmp_path), "-"], input="\n".join(map(json.dumps, lines)),
        capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "'large' has 6000" in done.stderr and "200 documents added" in done.stderr


def test_an_interrupt_ends_a_command_at_once(tmp_path):
    data = ["--data", str(tmp_path)]
    duri("index", "-c", "notes", *data, "-", stdin=json.dumps({"_id": "a", "text": "A text."}))
    with subprocess.Popen([BINARY, "search", "-c", "notes", *data, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"train\n")
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == -signal.SIGINT


def test_commands_on_a_directory(tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "long.txt").write_text("\n\n".join(f"문단 {i}. " + "긴 글은 나누어 담는다. " * 30 for i in range(4)))
    (notes / "rail.md").write_text("He takes the train to work every morning.\n")
    data = ["--data", str(tmp_path / "data")]
    duri("index", "-c", "notes", *data, str(notes))
    lines = [json.loads(line) for line in duri("export", "-c", "notes", *data, "--vectors").splitlines()]
    assert {"rail.md", "long.txt#1", "long.txt#4"} <= {line["_id"] for line in lines}
    hits = json.loads(duri("search", "-c", "notes", *data, "--format", "jsonl", "기차로 출근한다"))["hits"]
    assert hits[0]["id"] == "rail.md"
    duri("index", "-c", "copy", *data, "-", stdin="\n".join(json.dumps(line) for line in lines))
    assert duri("export", "-c", "copy", *data, "--vectors") == duri("export", "-c", "notes", *data, "--vectors")
    duri("collections", *data, "--drop", "copy")
    assert "copy" not in duri("collections", *data)
