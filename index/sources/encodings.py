"""The body of an answer, unpacked within a limit. The only import of brotli and zstandard.

A few bytes can stand for gigabytes, so every step gives a piece of bounded size, and the pieces are counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

from index.errors import UnreadableSource

# What a server is told that it may use.
ACCEPTED = "gzip, br, zstd"

_PIECE = 1 << 16
# zstandard unpacks all it is given at once, and makes at most 128 KB of four bytes: 8 MB of this many.
_SIP = 1 << 8
# RFC 9659: on the web, none needs a larger one.
_WINDOW = 1 << 23


def too_large(most: int) -> UnreadableSource:
    """The error for a body of more than `most` bytes."""
    return UnreadableSource(f"refused, because it is larger than {most / 1_000_000:,g} MB")


def unpacked(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The body that arrives in chunks, packed as the Content-Encoding header says, at most `most` bytes of it.

    Raises UnreadableSource for a larger one, for one that is damaged or breaks off, and for an encoding that was not
    asked for, such as one inside another. What arrives is counted too: it may unpack to nothing, without an end.
    """
    names = [name for name in (part.strip().lower() for part in encoding.split(",")) if name not in ("", "identity")]
    if len(names) > 1:
        raise UnreadableSource("refused, because it is packed more than once")
    name = names[0] if names else ""
    if name and name not in _DECODERS:
        raise UnreadableSource("packed in a way that was not asked for")
    arriving = _counted(chunks, most)
    return b"".join(_counted(_DECODERS[name](arriving), most) if name else arriving)


def _counted(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise too_large(most)
        yield piece


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every member of it: servers send more than one."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    fresh = True
    for chunk in chunks:
        data = chunk
        while data:
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error as error:
                raise _damaged() from error
            yield piece
            fresh = False
            data = member.unconsumed_tail
            if member.eof:
                data, fresh = member.unused_data, True
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    if not fresh:
        raise _broken_off()


def _brotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    import brotli

    decoder = brotli.Decompressor()
    for chunk in chunks:
        try:
            piece = decoder.process(chunk, output_buffer_limit=_PIECE)
            # Until it has nothing more to give: that it would take more says nothing about that.
            while piece and not decoder.is_finished():
                yield piece
                piece = decoder.process(b"", output_buffer_limit=_PIECE)
            yield piece
        except brotli.error as error:
            raise _damaged() from error
    if not decoder.is_finished():
        raise _broken_off()


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every frame of it, in sips."""
    import zstandard

    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    frame = unpacker.decompressobj()
    fresh = True
    for chunk in chunks:
        for start in range(0, len(chunk), _SIP):
            data = chunk[start : start + _SIP]
            while data:
                try:
                    yield frame.decompress(data)
                except zstandard.ZstdError as error:
                    raise _damaged() from error
                data, fresh = (frame.unused_data, True) if frame.eof else (b"", False)
                if frame.eof:
                    frame = unpacker.decompressobj()
    if not fresh:
        raise _broken_off()


def _damaged() -> UnreadableSource:
    return UnreadableSource("damaged on its way here, or not packed as it says")


def _broken_off() -> UnreadableSource:
    return UnreadableSource("the site broke off before the end of it")


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "br": _brotli,
    "zstd": _zstd,
}
