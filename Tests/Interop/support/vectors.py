"""Reading `duri.v1.Embedding` in each of its encodings."""

import numpy

from .protos import pb


def decode(embedding):
    """The components as float32; for BINARY +1 and -1."""
    count = embedding.dimension
    data = embedding.data
    if embedding.encoding == pb.ENCODING_FLOAT32:
        assert len(embedding.values) == count and not data
        return numpy.array(embedding.values, numpy.float32)
    assert not embedding.values
    if embedding.encoding == pb.ENCODING_FLOAT16:
        assert len(data) == 2 * count
        return numpy.frombuffer(data, "<f2").astype(numpy.float32)
    if embedding.encoding == pb.ENCODING_INT8:
        assert len(data) == count
        return numpy.frombuffer(data, numpy.int8).astype(numpy.float32) * embedding.scale
    assert embedding.encoding == pb.ENCODING_BINARY
    assert len(data) == (count + 7) // 8
    bits = numpy.unpackbits(numpy.frombuffer(data, numpy.uint8), bitorder="big")
    assert not bits[count:].any()
    return numpy.where(bits[:count] == 1, 1, -1).astype(numpy.float32)


def cosine(a, b):
    return float(numpy.dot(a, b) / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))
