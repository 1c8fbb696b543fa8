"""Lines of JSONL: each bad one is rejected alone, wherever it stands; each odd one that is good is read."""

from torture.case import TOKENS, Case, call, log, refused

BOM = b"\xef\xbb\xbf"
A, B, C = call(1), call(2), call(3)


def deep(levels: int, key: str = "x") -> bytes:
    """Return a call with a list nested so deep under a key."""
    return call(40)[:-1] + b', "%s": ' % key.encode() + b"[" * levels + b"]" * levels + b"}"


BAD = {
    "torn": (A[:25], "not_json"),
    "half an object glued to the next": (A[:25] + B, "not_json"),
    "two objects": (A + B, "not_json"),
    "object and garbage": (A + b" trailer", "not_json"),
    "log prefix": (b"2026-09-01 INFO " + A, "not_json"),
    "record separator of RFC 7464": (b"\x1e" + A, "not_json"),
    "comma behind the object": (A + b",", "not_json"),
    "comma in the object": (A[:-1] + b",}", "not_json"),
    "array with the object": (b"[" + A + b"]", "not_object"),
    "number": (b"3", "not_object"),
    "text": (b'"x"', "not_object"),
    "null": (b"null", "not_object"),
    "comment": (b"// note", "not_json"),
    "comment behind the object": (A + b" // note", "not_json"),
    "comment in the object": (A[:-1] + b"/* note */}", "not_json"),
    "single quotes": (A.replace(b'"', b"'"), "not_json"),
    "bare key": (A.replace(b'"ts"', b"ts"), "not_json"),
    "missing colon": (A.replace(b'"ts":', b'"ts"'), "not_json"),
    "number as key": (A.replace(b'"ts":', b'1: 2, "ts":'), "not_json"),
    "plain text": (b"GET / HTTP/1.1 200", "not_json"),
    "stack trace": (b'  File "app.py", line 7, in call', "not_json"),
    "invalid UTF-8": (A.replace(b"r1", b"r\xff"), "not_utf8"),
    "cut UTF-8": (A.replace(b"r1", b"r\xe2\x82"), "not_utf8"),
    "surrogate as UTF-8": (A.replace(b"r1", b"r\xed\xa0\x80"), "not_utf8"),
    "overlong UTF-8": (A.replace(b"r1", b"r\xc0\xaf"), "not_utf8"),
    "Latin-1": (A.replace(b"r1", "r\xe9".encode("latin-1")), "not_utf8"),
    "NUL in a text": (A.replace(b"r1", b"r\0"), "nul_block"),
    "control character in a text": (A.replace(b"r1", b"r\x01"), "not_json"),
    "tab in a text": (A.replace(b"r1", b"r\t1"), "not_json"),
    "ESC in a text": (A.replace(b"r1", b"r\x1b[31m"), "not_json"),
    "4 KiB of NUL": (b"\0" * 4096, "nul_block"),
    "4 KiB of NUL glued to a line": (b"\0" * 4096 + A, "nul_block"),
    "gzip magic": (b"\x1f\x8b\x08\x00", "not_utf8"),
    "zstd magic": (b"\x28\xb5\x2f\xfd\x00", "not_utf8"),
    "zlib magic": (b"x\x9c\x03\x00", "not_utf8"),
    "Parquet magic": (b"PAR2" + b"\x15\x04\x15", "not_json"),
    "unknown escape": (A.replace(b"r1", rb"r\x41"), "not_json"),
    "escape cut off": (A.replace(b"r1", rb"r\u00"), "not_json"),
    "NaN": (A.replace(b" 10}", b" NaN}"), "not_json"),
    "minus infinity": (A.replace(b" 10}", b" -Infinity}"), "not_json"),
    "1e400": (A.replace(b" 10}", b" 1e400}"), "not_json"),
    "hexadecimal": (A.replace(b" 10}", b" 0x10}"), "not_json"),
    "leading zero": (A.replace(b" 10}", b" 010}"), "not_json"),
    "leading plus": (A.replace(b" 10}", b" +10}"), "not_json"),
    "no digit before the point": (A.replace(b" 10}", b" .5}"), "not_json"),
    "no digit behind the point": (A.replace(b" 10}", b" 5.}"), "not_json"),
    "underscore in a number": (A.replace(b" 10}", b" 1_0}"), "not_json"),
    "40 digits": (A.replace(b" 10}", b" " + b"9" * 40 + b"}"), "not_readable"),
    "500 digits": (A.replace(b" 10}", b" " + b"9" * 500 + b"}"), "not_readable"),
    "nested 100,000 deep": (deep(100_000), "too_deep"),
    "nested 100,000 deep where a number belongs": (deep(100_000, "output_tokens"), "too_deep"),
    "100,000 closing brackets": (b"]" * 100_000, "not_json"),
    "no time": (b'{"request_id": "r1", "input_tokens": 10}', "no_time"),
    "nothing in it": (b"{}", "no_time"),
    "time is null": (b'{"ts": null, "request_id": "r1"}', "no_time"),
    "time is a record": (b'{"ts": {"$date": "2026-09-01T12:00:00Z"}, "request_id": "r1"}', "bad_time"),
    "unknown kind": (call(1, kind="applause"), "unknown_kind"),
    "unknown event": (call(1, event="dream"), "unknown_event"),
}  # fmt: skip
"""What stands on a line, and why it is rejected."""

GOOD = {
    "CR before the newline": A + b"\r",
    "spaces around": b"  \t" + A + b" \t ",
    "BOM before it": BOM + A,
    "other line ends in a text": '{"ts": "2026-09-01T12:00:01Z", "request_id": "a\u2028\u2029\u0085b", "input_tokens": 10}'.encode(),
    "unknown key with a list": call(1, messages=[{"role": "user", "content": "hi"}]),
    "10,000 more keys": call(1, **{f"k{number}": number for number in range(10_000)}),
    "repeated key": A[:-1] + b', "input_tokens": 99}',
    "key that is known in other letters": A[:-1] + b', "Input_Tokens": 99, "INPUT_TOKENS": "x"}',
    "empty key": A[:-1] + b', "": 1}',
    "escaped NUL": A[:-1] + rb', "feature": "a\u0000b"}',
    "whole emoji as escapes": A[:-1] + rb', "feature": "\ud83d\ude00"}',
    "nested 1,000 deep": A[:-1] + b', "x": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    "text of 100 KB": call(1, prompt="x" * 100_000),
    "user id of 23 digits": A[:-1] + b', "user_id": 12345678901234567890123}',
    "escaped key": A.replace(b'"ts"', rb'"\u0074s"'),
    "slashes escaped": A[:-1] + rb', "feature": "a\/b"}',
}
"""Lines that are read as a good call is."""

COMPRESSED = ("gzip magic", "zstd magic")
"""What a file may not begin with, or it is taken for compressed."""


def _bad_first(name: str, line: bytes, reason: str) -> Case:
    data = line + b"\n" + log(4, 20)
    return Case(
        f"line: {name}, first", {"log.jsonl": data}, used=4, tokens=4 * TOKENS, rejected={"log.jsonl:1": reason}
    )


def _bad_between() -> Case:
    """Return a log that has each bad line between two good ones."""
    good = [call(number % 60, request_id=f"b{number}") for number in range(len(BAD) + 1)]
    pairs = zip(good, (line for line, _ in BAD.values()), strict=False)
    data = b"\n".join([line for pair in pairs for line in pair] + good[-1:])
    rejected = {f"log.jsonl:{2 * n}": reason for n, (_, reason) in enumerate(BAD.values(), 1)}
    return Case("line: each bad one between two good ones", {"log.jsonl": data}, used=len(good), tokens=len(good) * TOKENS,
                rejected=rejected)  # fmt: skip


def _good(name: str, line: bytes) -> Case:
    return Case(f"line: {name}", {"log.jsonl": line + b"\n" + log(4, 20)}, used=5, tokens=5 * TOKENS)


_WHOLE = (
    Case("log: nothing", {"log.jsonl": b""}, says="no rows"),
    Case("log: a newline", {"log.jsonl": b"\n"}, says="no rows"),
    Case("log: blank lines between", {"log.jsonl": b"\n" + A + b"\n\n \t\r\n" + B + b"\n\n"}, used=2, tokens=2 * TOKENS),
    Case("log: no newline at the end", {"log.jsonl": A + b"\n" + B}, used=2, tokens=2 * TOKENS),
    Case(
        "log: torn last line", {"log.jsonl": A + b"\n" + B[:20]}, used=1, tokens=TOKENS,
        rejected={"log.jsonl:2": "torn_tail"},
    ),
    Case("log: CRLF", {"log.jsonl": log(3).replace(b"\n", b"\r\n")}, used=3, tokens=3 * TOKENS),
    Case("log: BOM", {"log.jsonl": BOM + log(3)}, used=3, tokens=3 * TOKENS),
    Case("log: BOM alone", {"log.jsonl": BOM}, says="no rows"),
    Case("log: two files with BOM in one", {"log.jsonl": BOM + log(2) + BOM + log(2, 5)}, used=4, tokens=4 * TOKENS),
    Case("log: newline in a text", {"log.jsonl": A.replace(b"r1", b"r\n1") + b"\n" + B + b"\n"}, used=1, tokens=TOKENS,
         rejected={"log.jsonl:1": "not_json", "log.jsonl:2": "not_json"}),
    Case("log: every tenth line bad", {"log.jsonl": b"".join(b"oops\n" if n % 10 == 0 else call(n) + b"\n" for n in range(1, 51))},
         used=45, tokens=45 * TOKENS, rejected={f"log.jsonl:{n}": "not_json" for n in range(10, 51, 10)}),
    Case("log: key first seen in line 201", {"log.jsonl": b"".join(b'{"ts": "2026-09-01T12:00:00Z", "request_id": "a%d"}\n' % n for n in range(200)) + A},
         used=201, tokens=TOKENS),
    Case("log: tokens are text from line 201 on", {"log.jsonl": b"".join(call(1, request_id=f"a{n}") + b"\n" for n in range(200)) + call(2, input_tokens="7")},
         used=201, tokens=2007),
    Case("log: a fraction from line 201 on", {"log.jsonl": b"".join(call(1, request_id=f"a{n}") + b"\n" for n in range(200)) + call(2, input_tokens=7.5)},
         used=201, tokens=2000, fields=1),
    Case("log: the same line twice", {"log.jsonl": A + b"\n" + A + b"\n"}, used=1, tokens=TOKENS, duplicate=1),
    Case("log: one id, two contents", {"log.jsonl": A + b"\n" + call(1, input_tokens=30) + b"\n"}, used=1, tokens=30, duplicate=1),
    Case("log: feedback of a call that is not there", {"log.jsonl": A + b"\n" + call(2, kind="thumb", value=1, request_id="gone") + b"\n"}, used=2),
    Case("log: half characters", {"log.jsonl": A[:-1] + rb', "feature": "cut \ud83d"}' + b"\n" + B[:-1] + rb', "feature": "\ude00 cut"}'},
         used=2, tokens=2 * TOKENS, fields=2),
    Case("log: array with half a character", {"log.jsonl": b"[" + A[:-1] + rb', "feature": "cut \ud83d"}' + b"," + B + b"]"},
         used=2, tokens=2 * TOKENS, fields=1),
    Case("log: records under a key, with half a character",
         {"log.json": b'{"data": [' + A[:-1] + rb', "feature": "cut \ud83d"}' + b"," + B + b"]}"}, words=("log.json",),
         used=2, tokens=2 * TOKENS, fields=1),
    Case("log: records over several lines", {"log.jsonl": b'{\n "ts": "2026-09-01T12:00:00Z",\n "request_id": "r1",\n "input_tokens": 10\n}\n'},
         used=1, tokens=TOKENS),
    Case("log: two records over several lines", {"log.jsonl": b'{\n "ts": "2026-09-01T12:00:00Z"\n}\n{\n "ts": "2026-09-01T12:00:01Z"\n}\n'},
         exits=2, says="neither JSON nor JSON lines"),
    Case("log: array on one line", {"log.jsonl": b"[" + A + b"," + B + b"]"}, used=2, tokens=2 * TOKENS),
    Case("log: array over lines", {"log.jsonl": b"[\n" + A + b",\n" + B + b"\n]\n"}, used=2, tokens=2 * TOKENS),
    Case("log: array that breaks off", {"log.jsonl": b"[\n" + A + b",\n" + B[:20]}, exits=2, says="neither JSON nor JSON lines"),
    Case("log: array with a comma at its end", {"log.jsonl": b"[\n" + A + b",\n" + B + b",\n]\n"}, exits=2, says="neither JSON nor JSON lines"),
    Case("log: array nested 100,000 deep", {"log.jsonl": b"[" * 100_000 + b"]" * 100_000}, exits=2, says="log.jsonl"),
    Case("log: records nested 100,000 deep", {"log.jsonl": b'{"a":' * 100_000 + b"1" + b"}" * 100_000}, exits=2, says="log.jsonl"),
    Case("log: array of numbers", {"log.jsonl": b"[1, 2, 3]"}, exits=2, says="holds JSON, but no objects"),
    Case("log: record between numbers in an array", {"log.json": b"[" + A + b", 7, " + B + b"]"}, used=2, tokens=2 * TOKENS,
         rejected={"log.json:2": "not_object"}, words=("log.json",)),
    refused("log: UTF-16 with a mark", log(2).decode().encode("utf-16"), "is UTF-16"),
    refused("log: UTF-16 without", log(2).decode().encode("utf-16-le"), "is UTF-16"),
    refused("log: UTF-16, big end first", log(2).decode().encode("utf-16-be"), "is UTF-16"),
    refused("log: UTF-32", log(2).decode().encode("utf-32"), "log.jsonl"),
    refused("log: CR alone ends lines", log(3).replace(b"\n", b"\r"), "CR alone"),
    refused("log: plain text", b"GET / HTTP/1.1\nPOST / HTTP/1.1\n" * 50, "is not a log that can be read"),
    refused("log: picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "is not a log that can be read"),
    refused("log: random bytes", bytes((n * n * 7919 + 31 * n) >> 3 & 255 for n in range(1, 20_000)), "log.jsonl"),
    refused("log: zeros", b"\0" * 100_000, "log.jsonl"),
    refused("log: HTML page", b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n", "is not a log that can be read"),
    refused("log: XML", b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<x>&a;</x>\n', "is not a log that can be read"),
    refused("log: other keys", b'{"foo": 1, "bar": 2}\n' * 3, "cannot tell the format of log.jsonl"),
    refused("log: misspelt keys", b'{"timestamp_": "2026-09-01", "inputTokenz": 2}\n' * 3, "cannot tell the format of log.jsonl"),
)  # fmt: skip

CASES = (
    *(_bad_first(name, line, reason) for name, (line, reason) in BAD.items() if name not in COMPRESSED),
    *(refused(f"line: {name}, first", BAD[name][0] + b"\n" + log(4), "is damaged") for name in COMPRESSED),
    _bad_between(),
    *(_good(name, line) for name, line in GOOD.items()),
    *_WHOLE,
)
