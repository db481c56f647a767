"""Embed with generated stubs: roles, options, encodings, receipts, items that fail."""

import grpc
import numpy
import pytest

from support.protos import pb
from support.vectors import cosine, decode

KOREAN, ENGLISH, OTHER = (
    "오늘 날씨가 정말 좋네요.", "The weather is really nice today.", "He drove to the train station.")
LONG = "서울에서 부산까지 기차로 갑니다. We take the train to Busan. " * 120


def ascii_start(text):
    return ascii(text[:5])


def embed(stub, texts, role=pb.ROLE_UNSPECIFIED, model="", instruction=None, **options):
    request = pb.EmbedRequest(
        model=model, texts=texts, role=role, instruction=instruction,
        options=pb.EmbedOptions(**options))
    return stub.Embed(request, timeout=60)


def vectors(stub, texts, **arguments):
    reply = embed(stub, texts, **arguments)
    assert [item.status.code for item in reply.items] == [0] * len(texts)
    return [decode(item.embedding) for item in reply.items]


def refused(stub, code, texts=("a",), **arguments):
    with pytest.raises(grpc.RpcError) as caught:
        embed(stub, texts, **arguments)
    assert caught.value.code() == code
    return caught.value.details()


def test_reply_has_one_unit_vector_a_text_in_order(stub):
    texts = [KOREAN, ENGLISH, OTHER]
    reply = embed(stub, texts)
    assert reply.model == "duri-ko-en-bootstrap"
    assert [item.index for item in reply.items] == [0, 1, 2]
    for item, text in zip(reply.items, texts):
        assert item.embedding.dimension == 384
        assert item.embedding.encoding == pb.ENCODING_FLOAT32
        assert abs(numpy.linalg.norm(decode(item.embedding)) - 1) < 1e-5
        receipt = item.receipt
        assert receipt.tokens == receipt.tokens_used > 2
        assert (receipt.truncated, receipt.kept_begin, receipt.kept_end) == (
            False, 0, len(text.encode()))
    timings = reply.timings
    assert timings.total_ns >= timings.inference_ns > 0
    assert timings.tokenization_ns > 0


def test_no_texts_give_no_items(stub):
    assert len(embed(stub, []).items) == 0


@pytest.mark.parametrize("role, prefix", [
    (pb.ROLE_UNSPECIFIED, "query: "), (pb.ROLE_QUERY, "query: "), (pb.ROLE_PASSAGE, "passage: "),
    (pb.ROLE_SYMMETRIC, "query: "), (pb.ROLE_RAW, "")])
def test_role_puts_the_models_prefix_before_the_text(stub, role, prefix):
    reply = embed(stub, [KOREAN, prefix + KOREAN], role=role)
    first, second = reply.items
    assert (first.receipt.prefix, first.receipt.prefix_already_present) == (prefix, False)
    assert second.receipt.prefix_already_present == bool(prefix)
    raw = vectors(stub, [prefix + KOREAN], role=pb.ROLE_RAW)[0]
    assert numpy.array_equal(decode(first.embedding), raw)
    assert numpy.array_equal(decode(second.embedding), raw)


def test_query_and_passage_differ(stub):
    query, passage = (vectors(stub, [KOREAN], role=role)[0]
                      for role in (pb.ROLE_QUERY, pb.ROLE_PASSAGE))
    assert cosine(query, passage) < 0.9999


def test_float16_is_the_nearest_half(stub):
    exact, half = (vectors(stub, [KOREAN, OTHER], encoding=encoding)
                   for encoding in (pb.ENCODING_FLOAT32, pb.ENCODING_FLOAT16))
    for a, b in zip(exact, half):
        assert numpy.array_equal(a.astype(numpy.float16).astype(numpy.float32), b)


@pytest.mark.parametrize("normalize", [True, False])
def test_int8_is_symmetric_with_one_scale(stub, normalize):
    exact = vectors(stub, [KOREAN], normalize=normalize)[0]
    embedding = embed(stub, [KOREAN], normalize=normalize,
                      encoding=pb.ENCODING_INT8).items[0].embedding
    scale = numpy.float32(numpy.abs(exact).max() / numpy.float32(127))
    assert embedding.scale == pytest.approx(float(scale), rel=1e-6)
    levels = numpy.frombuffer(embedding.data, numpy.int8)
    assert numpy.array_equal(levels, numpy.rint(exact / scale).astype(numpy.int8))
    assert cosine(decode(embedding), exact) > 0.999


@pytest.mark.parametrize("dimensions", [384, 13, 8, 1])
def test_binary_holds_the_signs_first_component_highest(stub, dimensions):
    exact, signs = (vectors(stub, [KOREAN], dimensions=dimensions, encoding=encoding)[0]
                    for encoding in (pb.ENCODING_FLOAT32, pb.ENCODING_BINARY))
    assert numpy.array_equal(exact > 0, signs > 0)


def test_unspecified_encoding_is_float32(stub):
    assert numpy.array_equal(
        vectors(stub, [KOREAN])[0], vectors(stub, [KOREAN], encoding=pb.ENCODING_FLOAT32)[0])


@pytest.mark.parametrize("dimensions", [1, 64, 384])
def test_dimensions_cut_first_and_normalise_then(stub, dimensions):
    full = vectors(stub, [KOREAN], normalize=False)[0]
    short = vectors(stub, [KOREAN], dimensions=dimensions)[0]
    expected = full[:dimensions] / numpy.linalg.norm(full[:dimensions])
    assert short.shape == (dimensions,)
    assert numpy.allclose(short, expected, atol=1e-6)
    unscaled = vectors(stub, [KOREAN], dimensions=dimensions, normalize=False)[0]
    assert numpy.array_equal(unscaled, full[:dimensions])


def test_normalize_false_keeps_the_length(stub):
    unit, raw = (vectors(stub, [KOREAN], normalize=flag)[0] for flag in (True, False))
    assert abs(numpy.linalg.norm(raw) - 1) > 0.01
    assert cosine(unit, raw) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dimensions", [0, 385, 2**32 - 1])
def test_dimensions_out_of_range_are_refused(stub, dimensions):
    details = refused(stub, grpc.StatusCode.INVALID_ARGUMENT, dimensions=dimensions)
    assert str(dimensions) in details and "384" in details


@pytest.mark.parametrize("field", [
    {"role": 99}, {"truncate": 99}, {"encoding": 99}, {"role": -1}])
def test_unknown_enum_values_are_refused(stub, field):
    assert next(iter(field)) in refused(stub, grpc.StatusCode.INVALID_ARGUMENT, **field)


def test_instruction_is_refused_by_a_model_without_instructions(stub):
    details = refused(stub, grpc.StatusCode.INVALID_ARGUMENT, role=pb.ROLE_QUERY,
                      instruction="Find the answer")
    assert "instruction" in details


def test_named_model_is_served_and_others_are_not_found(stub):
    assert embed(stub, ["a"], model="duri-ko-en-bootstrap").items[0].status.code == 0
    details = refused(stub, grpc.StatusCode.NOT_FOUND, model="another-model")
    assert "another-model" in details and "duri-ko-en-bootstrap" in details


def test_too_many_texts_are_refused_and_the_limit_is_told(stub):
    assert "512" in refused(stub, grpc.StatusCode.INVALID_ARGUMENT, texts=["a"] * 513)
    assert len(embed(stub, ["a"] * 512).items) == 512


@pytest.mark.parametrize("truncate", [pb.TRUNCATE_UNSPECIFIED, pb.TRUNCATE_END])
def test_truncate_end_keeps_the_beginning(stub, truncate):
    item = embed(stub, [LONG], truncate=truncate).items[0]
    receipt, data = item.receipt, LONG.encode()
    assert receipt.truncated and receipt.tokens > 512 and receipt.tokens_used == 512
    assert receipt.kept_begin == 0 < receipt.kept_end < len(data)
    kept = vectors(stub, [data[:receipt.kept_end].decode()])[0]
    assert cosine(decode(item.embedding), kept) > 0.999


def test_truncate_start_keeps_the_end_and_the_prefix(stub):
    item = embed(stub, [LONG], truncate=pb.TRUNCATE_START, role=pb.ROLE_PASSAGE).items[0]
    receipt, data = item.receipt, LONG.encode()
    assert receipt.truncated and receipt.tokens_used == 512 and receipt.prefix == "passage: "
    # Trailing white space has no piece of its own.
    assert 0 < receipt.kept_begin < receipt.kept_end
    assert data[receipt.kept_end:].strip() == b""
    kept = vectors(stub, [data[receipt.kept_begin:].decode()], role=pb.ROLE_PASSAGE)[0]
    assert cosine(decode(item.embedding), kept) > 0.999


def test_bad_items_fail_alone(stub):
    texts = [KOREAN, "", " \n\t ", "x" * (1 << 20), "y" * ((1 << 20) + 1), LONG, ENGLISH]
    reply = embed(stub, texts, truncate=pb.TRUNCATE_ERROR)
    codes = [item.status.code for item in reply.items]
    invalid = grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert codes == [0] + [invalid] * 5 + [0]
    for item, text in zip(reply.items, texts):
        failed = item.status.code != 0
        assert item.HasField("embedding") != failed and item.HasField("receipt") != failed
        assert bool(item.status.message) == failed
        assert "xxx" not in item.status.message and "기차" not in item.status.message
    assert "1048577" in reply.items[4].status.message and "512" in reply.items[5].status.message


def test_a_text_of_the_largest_size_is_truncated_and_embedded(stub):
    item = embed(stub, ["단어 " * (((1 << 20) - 16) // 7)]).items[0]
    assert item.status.code == 0 and item.receipt.tokens > 100_000


@pytest.mark.parametrize("text", [
    "a\0b", "\u200b", "👩‍👩‍👧‍👦 가족", "e\u0301 é", "\ufeff시작", "ﬁ ① Ａ", "a" * 100_000,
    "\U0010ffff", "🀄" * 5000], ids=ascii_start)
def test_strange_texts_are_answered_alike_alone_and_in_company(stub, text):
    alone = embed(stub, [text]).items[0]
    company = embed(stub, [KOREAN, text, LONG]).items[1]
    assert alone.status == company.status
    assert list(alone.embedding.values) == list(company.embedding.values)


def test_same_text_has_the_same_bits_in_any_company(stub):
    alone = vectors(stub, [KOREAN])[0]
    texts = [KOREAN, LONG, OTHER, KOREAN] + [f"문장 {n}" for n in range(200)] + [KOREAN]
    company = vectors(stub, texts)
    for index in (0, 3, -1):
        assert numpy.array_equal(company[index], alone)


def test_normalisation_is_told(stub):
    plain, folded = embed(stub, ["날씨", "ｗｅａｔｈｅｒ　날씨"]).items
    assert not plain.receipt.normalization_changed
    assert folded.receipt.normalization_changed


def test_published_cosines(stub):
    """The values of the model's MODEL.md; F32 arithmetic moves the third decimal."""
    korean, english, other = vectors(stub, [KOREAN, ENGLISH, OTHER], role=pb.ROLE_QUERY)
    assert cosine(korean, english) == pytest.approx(0.904, abs=0.004)
    assert cosine(korean, other) == pytest.approx(0.018, abs=0.004)


def test_korean_finds_english_of_the_same_meaning(stub):
    pairs = [
        (KOREAN, ENGLISH), ("그는 기차역으로 차를 몰았다.", OTHER),
        ("고양이가 소파 위에서 자고 있다.", "A cat is sleeping on the sofa."),
        ("회의는 내일 오후 세 시에 시작합니다.", "The meeting starts at three tomorrow afternoon."),
        ("나는 매일 아침 커피를 마신다.", "I drink coffee every morning."),
        ("파일을 저장할 수 없습니다.", "The file could not be saved."),
    ]
    korean = numpy.array(vectors(stub, [pair[0] for pair in pairs]))
    english = numpy.array(vectors(stub, [pair[1] for pair in pairs]))
    scores = korean @ english.T
    assert list(scores.argmax(1)) == list(range(len(pairs)))
    assert list(scores.argmax(0)) == list(range(len(pairs)))
