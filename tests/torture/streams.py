"""Compressed logs: told by content, whole or believed as far as they are whole."""

import gzip
import zlib

import pyarrow as pa

from torture.case import TOKENS, Case, call, log, refused

LOG = log(30)
MANY = b"".join(call(n % 60, request_id=f"m{n}", feature=f"{n * 7919 % 100_003:x}") + b"\n" for n in range(2_000))


def zst(data: bytes) -> bytes:
    """Return data as one zstd frame."""
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


PACK = {"gz": gzip.compress, "zst": zst}
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
WIDE_WINDOW = b"\x28\xb5\x2f\xfd" + bytes((0x00, 20 << 3)) + b"\x01\x00\x00"
"""A zstd header that asks for a window of 1 GiB, and an empty block."""


def _whole(name: str, data: bytes, *, rows: int = 30, file: str = "log.jsonl") -> Case:
    return Case(f"stream: {name}", {file: data}, used=rows, tokens=rows * TOKENS, words=(file,))


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]


GZ, ZST = gzip.compress(LOG), zst(LOG)

CASES = (
    *(_whole(f"{kind}", pack(LOG), file=f"log.jsonl.{kind}") for kind, pack in PACK.items()),
    *(_whole(f"{kind} named as plain", pack(LOG)) for kind, pack in PACK.items()),
    *(_whole(f"plain named as {kind}", LOG, file=f"log.jsonl.{kind}") for kind in PACK),
    *(_whole(f"{kind}, several in one, a line across", pack(LOG[:700]) + pack(LOG[700:])) for kind, pack in PACK.items()),
    *(_whole(f"{kind}, an empty one between", pack(LOG) + pack(b"") + pack(log(1, 40)), rows=31) for kind, pack in PACK.items()),
    _whole("gz, zeros behind it", GZ + b"\0" * 512),
    _whole("zst, a frame to skip before it", SKIPPABLE + ZST),
    _whole("gz within a name of Parquet", GZ, file="log.parquet"),
    *(
        Case(f"stream: {kind} of nothing", {"log.jsonl": pack(b"")}, says="no rows") for kind, pack in PACK.items()
    ),
    *(
        Case(f"stream: {kind}, cut to {share:.0%}", {"log.jsonl": pack(MANY)[: int(len(pack(MANY)) * share)]}, exits=0, used=-1,
             rejected={"*": "truncated_stream"})
        for kind, pack, share in (("gz", gzip.compress, 0.3), ("gz", gzip.compress, 0.9), ("zst", zst, 0.9))
    ),
    Case("stream: gz without its checksum", {"log.jsonl": GZ[:-8]}, used=30, tokens=300, rejected={"log.jsonl:31": "truncated_stream"}),
    Case("stream: gz and garbage", {"log.jsonl": GZ + b"garbage behind"}, used=30, tokens=300, rejected={"log.jsonl:31": "trailing_garbage"}),
    refused("stream: gz, wrong checksum", _flipped(GZ, len(GZ) - 6), "damaged"),
    refused("stream: gz, wrong length", _flipped(GZ, len(GZ) - 2), "damaged"),
    refused("stream: gz, bits flipped", _flipped(gzip.compress(MANY), 4_000), "damaged"),
    refused("stream: zst, a block of no kind", ZST[:6] + b"\xff" + ZST[7:], "damaged"),
    refused("stream: gz, header alone", GZ[:10], "log.jsonl"),
    refused("stream: zst, header alone", ZST[:5], "log.jsonl"),
    refused("stream: gz, unknown method", GZ[:2] + b"\x07" + GZ[3:], "damaged"),
    refused("stream: zst that asks for a window of 1 GiB", WIDE_WINDOW, "damaged"),
    refused("stream: bzip2", b"BZh91AY&SY" + b"\x00" * 40, "compressed with bzip2"),
    refused("stream: xz", b"\xfd7zXZ\x00" + b"\x00" * 40, "compressed with xz"),
    refused("stream: zip", b"PK\x03\x04" + b"\x00" * 40, "compressed with zip"),
    refused("stream: zlib", zlib.compress(LOG), "log.jsonl"),
    refused("stream: gz in gz", gzip.compress(GZ), "log.jsonl"),
    Case(
        "stream: one of a folder is corrupt", {"logs/a.jsonl": log(2), "logs/b.jsonl.gz": _flipped(GZ, len(GZ) - 6)}, used=2,
        tokens=2 * TOKENS, words=("logs",), says="b.jsonl.gz is damaged",
    ),
)  # fmt: skip
