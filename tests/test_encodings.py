import gzip
import os
import tracemalloc

import brotli
import pytest
import zstandard

from index.errors import UnreadableSource
from index.sources.encodings import unpacked

TEXT = os.urandom(3000) * 100
PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "br": brotli.compress(TEXT, quality=3),
    "zstd": zstandard.compress(TEXT),
    "": TEXT,
    "identity": TEXT,
}
# Each stands for 50 MB.
BOMBS = {
    "gzip": gzip.compress(bytes(50_000_000)),
    "br": brotli.compress(bytes(50_000_000), quality=4),
    "zstd": zstandard.compress(bytes(50_000_000)),
}


def pieces(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [7, 4096, 1 << 30])
@pytest.mark.parametrize("encoding", PACKED)
def test_a_body_is_unpacked_however_it_arrives(encoding, size):
    assert unpacked(pieces(PACKED[encoding], size), encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", PACKED)
def test_a_byte_more_than_the_limit_is_refused(encoding):
    with pytest.raises(UnreadableSource, match="larger than"):
        unpacked([PACKED[encoding]], encoding, len(TEXT) - 1)


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_takes_no_more_memory_than_the_limit_and_a_piece(encoding):
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSource, match="larger than 1 MB"):
            unpacked([BOMBS[encoding]], encoding, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


def test_what_arrives_is_counted_also_when_it_is_nothing_unpacked():
    nothing = gzip.compress(b"")
    with pytest.raises(UnreadableSource, match="larger than"):
        unpacked((nothing for _ in range(100_000)), "gzip", 100_000)


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_body_that_breaks_off_is_told(encoding):
    with pytest.raises(UnreadableSource, match="broke off"):
        unpacked([PACKED[encoding][:-9]], encoding, len(TEXT))


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_not_packed_as_it_says_is_told(encoding):
    with pytest.raises(UnreadableSource, match="not packed as it says"):
        unpacked([b"<p>The mole fell in August.</p>"], encoding, 1000)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_in_several_parts_is_read_to_the_end(encoding):
    assert unpacked([PACKED[encoding] * 2], encoding, 2 * len(TEXT)) == TEXT * 2


@pytest.mark.parametrize("encoding", ["deflate", "compress", "gzip, gzip", "br, gzip"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding):
    with pytest.raises(UnreadableSource, match="packed"):
        unpacked([b"x"], encoding, 1000)
