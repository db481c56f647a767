"""Reflection v1 (hand-made client) and v1alpha (grpcio-reflection): a client without our protos calls Embed."""

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2 as messages
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase)

SERVICES = {
    "duri.v1.Embeddings", "duri.v1.Reranking", "duri.v1.Retrieval", "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}
VERSIONS = ["v1", "v1alpha"]


def ask(channel, version, *requests):
    """Asks over one stream. Both versions have the same messages on the wire."""
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=messages.ServerReflectionRequest.SerializeToString,
        response_deserializer=messages.ServerReflectionResponse.FromString)
    return list(call(iter([messages.ServerReflectionRequest(**fields) for fields in requests]),
                     timeout=20))


def call_embed(channel, pool):
    """Embeds with messages made from descriptors alone."""
    method = pool.FindServiceByName("duri.v1.Embeddings").methods_by_name["Embed"]
    request_class = message_factory.GetMessageClass(method.input_type)
    reply_class = message_factory.GetMessageClass(method.output_type)
    embed = channel.unary_unary(
        "/duri.v1.Embeddings/Embed", request_serializer=request_class.SerializeToString,
        response_deserializer=reply_class.FromString)
    role = method.input_type.fields_by_name["role"].enum_type.values_by_name["ROLE_PASSAGE"].number
    reply = embed(request_class(texts=["안녕하세요"], role=role), timeout=20)
    assert len(reply.items[0].embedding.values) == 384
    assert reply.items[0].receipt.prefix == "passage: "


def test_grpcio_database_finds_everything(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(database.get_services()) == SERVICES
    pool = descriptor_pool.DescriptorPool(database)
    call_embed(channel, pool)
    for service in SERVICES:
        assert pool.FindServiceByName(service).full_name == service


@pytest.mark.parametrize("version", VERSIONS)
def test_descriptors_are_enough_to_call(channel, version):
    listing, found = ask(
        channel, version, {"list_services": "*"},
        {"host": "here", "file_containing_symbol": "duri.v1.Embeddings"})
    assert {s.name for s in listing.list_services_response.service} == SERVICES
    assert found.valid_host == "here" and found.original_request.host == "here"
    pool = descriptor_pool.DescriptorPool()
    for data in reversed(found.file_descriptor_response.file_descriptor_proto):
        pool.Add(descriptor_pb2.FileDescriptorProto.FromString(data))
    call_embed(channel, pool)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("symbol, file", [
    ("duri.v1.Embeddings.EmbedStream", "duri/v1/embeddings.proto"),
    ("duri.v1.EmbedRequest", "duri/v1/embeddings.proto"),
    ("duri.v1.Role", "duri/v1/embeddings.proto"),
    ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
    ("grpc.health.v1.Health.Watch", "grpc/health/v1/health.proto")])
def test_symbols_are_found_in_their_files(channel, version, symbol, file):
    by_symbol, by_name = ask(
        channel, version, {"file_containing_symbol": symbol}, {"file_by_filename": file})
    data = by_symbol.file_descriptor_response.file_descriptor_proto
    assert descriptor_pb2.FileDescriptorProto.FromString(data[0]).name == file
    assert by_name.file_descriptor_response.file_descriptor_proto == data


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_unknown_is_an_answer_and_the_stream_goes_on(channel, version):
    extension = messages.ExtensionRequest(containing_type="duri.v1.EmbedRequest", extension_number=9)
    answers = ask(
        channel, version, {"file_containing_symbol": "no.such.Thing"},
        {"file_by_filename": "none.proto"}, {"file_containing_extension": extension}, {},
        {"list_services": ""})
    codes = [answer.error_response.error_code for answer in answers]
    not_found, invalid = (code.value[0] for code in (
        grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT))
    assert codes == [not_found, not_found, not_found, invalid, 0]
    assert len(answers[-1].list_services_response.service) == len(SERVICES)
