"""A cross-encoder over gRPC, over JSON, behind a search, and from the command line."""

import json
import math
import subprocess
import urllib.request

import grpc
import pytest

from support.protos import pb as embeddings, retrieval as pb, reranking, reranking_rpc, retrieval_rpc, rpc
from support.reranker import write_reranker
from support.server import BINARY

NAME = "random-reranker"
QUESTION = "세입자는 보증금을 언제 돌려받나요?"
PASSAGES = [
    "Bread dough rises because yeast makes gas.",
    "A landlord must return the deposit when the lease ends and the tenant moves out.",
    "고래는 바다에 사는 포유류이다.",
    "임대차가 끝나고 집을 비우면 집주인은 보증금을 돌려주어야 한다.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_reranker(tmp_path_factory.mktemp("models") / NAME)


@pytest.fixture(scope="module")
def server_options(folder, tmp_path_factory):
    return ["--reranker", str(folder), "--precision", "auto", "--data", str(tmp_path_factory.mktemp("data"))]


@pytest.fixture(scope="module")
def reranker(channel):
    return reranking_rpc.RerankingStub(channel)


def test_passages_come_by_score(reranker):
    reply = reranker.Rerank(reranking.RerankRequest(query=QUESTION, passages=PASSAGES))
    assert reply.model == NAME
    assert sorted(item.index for item in reply.items) == [0, 1, 2, 3]
    scores = [item.score for item in reply.items]
    assert scores == sorted(scores, reverse=True) and 0 < scores[-1] < scores[0] < 1
    raw = reranker.Rerank(reranking.RerankRequest(query=QUESTION, passages=PASSAGES, raw_scores=True))
    assert [item.index for item in raw.items] == [item.index for item in reply.items]
    for probability, logit in zip(scores, (item.score for item in raw.items)):
        assert probability == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-5)
    best = reranker.Rerank(reranking.RerankRequest(query=QUESTION, passages=PASSAGES, top=1))
    assert [item.index for item in best.items] == [reply.items[0].index]


def test_an_empty_passage_fails_alone_and_an_empty_query_the_call(reranker):
    reply = reranker.Rerank(reranking.RerankRequest(query=QUESTION, passages=["", *PASSAGES]))
    assert reply.items[-1].index == 0 and reply.items[-1].status.code == 3
    assert all(item.status.code == 0 for item in reply.items[:-1])
    with pytest.raises(grpc.RpcError) as caught:
        reranker.Rerank(reranking.RerankRequest(query="", passages=PASSAGES))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_the_chosen_arithmetic_is_told_with_its_agreement(server, stub):
    model = stub.GetModel(embeddings.GetModelRequest())
    assert model.precision in ("f32", "bf16", "int8")
    if not model.HasField("agreement"):
        pytest.skip("this machine has no faster arithmetic than f32")
    assert model.agreement.texts >= 1 and 0.9 < model.agreement.worst_cosine <= model.agreement.mean_cosine <= 1
    with urllib.request.urlopen(f"{server.url}/v1/model") as answer:
        told = json.load(answer)
    assert told["agreement"]["precision"] == model.agreement.precision
    assert told["reranker"]["contract"]["name"] == NAME
    assert 0 <= told["reranker"]["agreement"]["largest_score_change"] < 1


def test_a_search_is_reordered(channel):
    retrieval = retrieval_rpc.RetrievalStub(channel)
    retrieval.CreateCollection(pb.CreateCollectionRequest(name="notes"))
    retrieval.Upsert(pb.UpsertRequest(collection="notes", documents=[
        pb.UpsertDocument(document=pb.Document(id=str(i), text=text)) for i, text in enumerate(PASSAGES)]))
    reply = retrieval.Search(pb.SearchRequest(collection="notes", queries=[QUESTION], rerank=True))
    hits = reply.results[0].hits
    assert len(hits) == len(PASSAGES) and all(hit.HasField("rerank_score") for hit in hits)
    scores = [hit.rerank_score for hit in hits]
    assert scores == sorted(scores, reverse=True) and [hit.score for hit in hits] == scores
    # Only the best candidate by meaning is looked at again, but never fewer than are asked for.
    best = retrieval.Search(pb.SearchRequest(
        collection="notes", queries=[QUESTION], rerank=True, rerank_candidates=1, limit=1)).results[0].hits
    assert len(best) == 1 and best[0].vector_rank == 1 and best[0].HasField("rerank_score")


def test_a_document_without_text_stands_last(channel):
    retrieval = retrieval_rpc.RetrievalStub(channel)
    retrieval.CreateCollection(pb.CreateCollectionRequest(name="silent"))
    retrieval.Upsert(pb.UpsertRequest(collection="silent", documents=[
        pb.UpsertDocument(document=pb.Document(id=str(i), text=text)) for i, text in enumerate(PASSAGES)]))
    exported = [d for r in retrieval.Export(pb.ExportRequest(collection="silent", vectors=True)) for d in r.documents]
    # The vector of the passage that is nearest by meaning, but nothing that a cross-encoder could read.
    nearest = retrieval.Search(pb.SearchRequest(collection="silent", queries=[QUESTION], limit=1)).results[0].hits[0].id
    vector = next(d.vector for d in exported if d.document.id == nearest)
    retrieval.Upsert(pb.UpsertRequest(collection="silent", documents=[
        pb.UpsertDocument(document=pb.Document(id="silent"), vector=vector)]))
    hits = retrieval.Search(pb.SearchRequest(collection="silent", queries=[QUESTION], rerank=True)).results[0].hits
    assert hits[-1].id == "silent" and hits[-1].score == 0 and not hits[-1].HasField("rerank_score")
    assert all(hit.score > 0 for hit in hits[:-1])


def test_the_command_gives_the_servers_scores(server, folder):
    def scored(*options):
        command = [BINARY, "rerank", *options, "--query", QUESTION, *PASSAGES]
        output = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        return [line.split("\t") for line in output.splitlines()]

    rows = scored("--model", str(folder))
    assert sorted(int(row[1]) for row in rows) == [1, 2, 3, 4]
    assert all(row[2] == PASSAGES[int(row[1]) - 1] for row in rows)
    theirs = {row[1]: float(row[0]) for row in scored("--server", server.address)}
    assert all(theirs[row[1]] == pytest.approx(float(row[0]), abs=0.05) for row in rows)
