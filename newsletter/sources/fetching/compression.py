"""Undo gzip and deflate in a stream, and stop at a cap.

A compressed megabyte may hold a gigabyte, so what comes out is counted while
it comes out.
"""

import zlib

from newsletter.sources.faults import FaultKind, UnreadableError

GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS


def too_large(cap_bytes: int) -> UnreadableError:
    """Return the error for an answer beyond the cap."""
    return UnreadableError(
        FaultKind.TOO_LARGE,
        f"The answer is larger than {cap_bytes:,} bytes. Look for a shorter feed at the same site.",
    )


class Inflater:
    """Decompress chunk by chunk; at most `cap_bytes` ever come out."""

    def __init__(self, cap_bytes: int, *, is_deflate: bool = False) -> None:
        self._cap = cap_bytes
        self._out = 0
        self._is_deflate = is_deflate
        self._is_first = True
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def feed(self, chunk: bytes) -> bytes:
        """Return what a chunk holds.

        Raises `UnreadableError` beyond the cap, or where it is not compressed
        data. Bytes after a complete stream that begin no other are ignored,
        as gzip(1) does.
        """
        pieces = []
        while chunk:
            pieces.append(self._inflate(chunk))
            if not self._stream.eof:
                break
            chunk = self._stream.unused_data
            if not chunk.startswith(GZIP_MAGIC):
                break
            self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        return b"".join(pieces)

    def _inflate(self, chunk: bytes) -> bytes:
        room = self._cap - self._out + 1
        try:
            piece = self._stream.decompress(chunk, room)
        except zlib.error as error:
            if not (self._is_deflate and self._is_first):
                raise UnreadableError(
                    FaultKind.ENCODING, f"The answer's compression is damaged ({error}). Ask its owner."
                ) from error
            self._stream = zlib.decompressobj(_RAW_DEFLATE)  # “deflate” means either (RFC 9110, 8.4.1.2)
            self._is_first = False
            return self._inflate(chunk)
        self._is_first = False
        self._out += len(piece)
        if self._out > self._cap:
            raise too_large(self._cap)
        return piece


def unzipped(body: bytes, cap_bytes: int) -> bytes:
    """Return a body without the gzip that it is wrapped in, if it is (`feed.xml.gz` served as it lies)."""
    return Inflater(cap_bytes).feed(body) if body.startswith(GZIP_MAGIC) else body
