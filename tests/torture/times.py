"""Times: RFC 3339, ISO 8601 without a zone, dates and epoch numbers are read; nothing else is guessed."""

from torture.case import Case

READ = {
    '"2026-09-01T12:00:00Z"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01T12:00:00.123456Z"': "2026-09-01T12:00:00.123456+00:00",
    '"2026-09-01T12:00:00.123456789Z"': "2026-09-01T12:00:00.123456+00:00",
    '"2026-09-01T12:00:00+02:00"': "2026-09-01T10:00:00+00:00",
    '"2026-09-01T12:00:00+0200"': "2026-09-01T10:00:00+00:00",
    '"2026-09-01T12:00:00+02"': "2026-09-01T10:00:00+00:00",
    '"2026-09-01T12:00:00\u221205:30"': "2026-09-01T17:30:00+00:00",
    '"2026-09-01 12:00:00Z"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01 12:00:00 UTC"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01t12:00:00z"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01T12:00Z"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01T12:00:00"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01 12:00"': "2026-09-01T12:00:00+00:00",
    '"2026-09-01 12:00:00,123"': "2026-09-01T12:00:00.123000+00:00",
    '"2026-09-01"': "2026-09-01T00:00:00+00:00",
    '" 2026-09-01T12:00:00Z "': "2026-09-01T12:00:00+00:00",
    '"2028-02-29T12:00:00Z"': "2028-02-29T12:00:00+00:00",
    '"2026-06-30T23:59:60Z"': "2026-07-01T00:00:00+00:00",
    "1788264000": "2026-09-01T12:00:00+00:00",
    "1788264000.5": "2026-09-01T12:00:00.500000+00:00",
    "1788264000123": "2026-09-01T12:00:00.123000+00:00",
    "1788264000123456": "2026-09-01T12:00:00.123456+00:00",
    "1788264000123456789": "2026-09-01T12:00:00.123456+00:00",
    '"1788264000"': "2026-09-01T12:00:00+00:00",
    '"1788264000123"': "2026-09-01T12:00:00.123000+00:00",
}
"""A time as written, and the instant that it is."""

REFUSED = {
    '"01/10/2026"': "bad_time",
    '"01.10.2026 12:00"': "bad_time",
    '"Tue, 01 Sep 2026 12:00:00 GMT"': "bad_time",
    '"yesterday"': "bad_time",
    '"2026-02-30T12:00:00Z"': "bad_time",
    '"2026-13-01T12:00:00Z"': "bad_time",
    '"2026-09-01T25:00:00Z"': "bad_time",
    '"20260901"': "bad_time",
    '"2026-W36-2"': "bad_time",
    '"12026-09-01T12:00:00Z"': "bad_time",
    '"=NOW()"': "bad_time",
    "true": "bad_time",
    "12": "bad_time",
    "-1": "bad_time",
    "0": "bad_time",
    "1e300": "bad_time",
    "[2026]": "bad_time",
    '"0001-01-01T00:00:00Z"': "implausible_time",
    '"1970-01-01T00:00:00Z"': "implausible_time",
    '"2126-09-01T12:00:00Z"': "implausible_time",
    '"9999-12-31T23:59:59Z"': "implausible_time",
    '""': "no_time",
    '"  "': "no_time",
}
"""A time as written, and why its row is rejected."""

_ZURICH = ("log.jsonl", "--tz", "Europe/Zurich")


def _one(time: str) -> bytes:
    return f'{{"ts": {time}, "request_id": "r1"}}\n'.encode()


CASES = (
    *(Case(f"time: {time}", {"log.jsonl": _one(time)}, used=1, since=since) for time, since in READ.items()),
    Case("time: none of these is one", {"log.jsonl": b"".join(map(_one, REFUSED))},
         rejected={f"log.jsonl:{number}": reason for number, reason in enumerate(REFUSED.values(), 1)}),
    Case("time: in the hour that summer time leaves out", {"log.jsonl": _one('"2026-03-29T02:30:00"')}, words=_ZURICH,
         rejected={"log.jsonl:1": "bad_time"}),
    Case("time: in the hour that comes twice", {"log.jsonl": _one('"2026-10-25T02:30:00"')}, words=_ZURICH, used=1,
         since="2026-10-25T02:30:00+02:00"),
    Case("time: a mixed column", {"log.jsonl": b"".join(map(_one, READ))}, used=1, duplicate=len(READ) - 1),
)  # fmt: skip
