"""Names that are files, and those that are not: nothing hangs, nothing is followed in circles, nothing is overlooked."""

import os
import socket
from pathlib import Path

from torture.case import TOKENS, Case, log

ONE = log(1)
OTHER = log(1, 7)


def folder(path: Path) -> None:
    """Make an empty folder."""
    path.mkdir(parents=True)


def pipe(path: Path) -> None:
    """Make a named pipe, into which nobody writes."""
    os.mkfifo(path)


def listening(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def link_to(target: str) -> "object":
    """Return what makes a link."""
    return lambda path: os.symlink(target, path)


def unreadable(path: Path) -> None:
    """Make a log that may not be read."""
    path.write_bytes(ONE)
    path.chmod(0)


def named_with_bytes(path: Path) -> None:
    """Make a log whose name is no text."""
    Path(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.jsonl")).write_bytes(ONE)


def many(path: Path) -> None:
    """Make a folder of 300 logs, one of which is torn."""
    path.mkdir()
    for number in range(300):
        (path / f"{number:03}.jsonl").write_bytes(ONE.replace(b'"r1"', b'"r%d"' % number) + b"oops" * (number == 250))


def deep(path: Path) -> None:
    """Make a folder 200 deep, with a log at its end."""
    end = path.joinpath(*["d"] * 200)
    end.mkdir(parents=True)
    (end / "log.jsonl").write_bytes(ONE)


def _one(name: str, files: "dict[str, object]", *words: str, says: str = "", rows: int = 1) -> Case:
    return Case(f"files: {name}", files, used=rows, tokens=rows * TOKENS, words=words, says=says)  # type: ignore[arg-type]


def _none(name: str, files: "dict[str, object]", *words: str, says: str, exits: int = 2, needs: str = "") -> Case:
    return Case(f"files: {name}", files, words=words, says=says, exits=exits, needs=needs)  # type: ignore[arg-type]


CASES = (
    _none("none of that name", {"calls.jsonl": ONE}, "call.jsonl", says="did you mean 'calls.jsonl'?"),
    _none("none in a folder that is not there", {}, "nowhere/log.jsonl", says="the folder nowhere does not exist either"),
    _none("an empty name", {}, "", says="no such file"),
    _none("a name with NUL", {}, "a\0b.jsonl", says="no such file"),
    _none("a name of 5,000 letters", {}, "x" * 5_000, says="no such file"),
    _none("a name with escapes", {}, "\x1b[31mred\x1b]0;title\x07.jsonl", says=r"\x1b[31mred"),
    _none("a glob that matches nothing", {"calls.jsonl": ONE}, "*.parquet", says="no file matches"),
    _none("an empty folder", {"logs": folder}, "logs", says="no logs in logs", exits=3),
    _none("a folder without logs", {"logs/read.me": ONE}, "logs", says="no logs in logs", exits=3),
    _none("a link to nothing", {"log.jsonl": link_to("gone.jsonl")}, "log.jsonl", says="cannot open log.jsonl"),
    _none("a link to itself", {"log.jsonl": link_to("log.jsonl")}, "log.jsonl", says="cannot open log.jsonl"),
    _none("a named pipe", {"log.jsonl": pipe}, "log.jsonl", says="no regular file"),
    _none("a socket", {"log.jsonl": listening}, "log.jsonl", says="no regular file"),
    _none("a device", {}, "/dev/zero", says="no regular file"),
    _none("a device of random bytes", {}, "/dev/urandom", says="no regular file"),
    _none("a file of the kernel", {}, "/proc/self/status", says="/proc/self/status"),
    _none("no rights", {"log.jsonl": unreadable}, "log.jsonl", says="Permission denied", needs="a user who is not root"),
    _none("an address", {}, "https://example.com/log.jsonl", says="no such file"),
    _none("a bucket", {}, "s3://bucket/log.parquet", says="no such file"),
    _one("a folder in circles", {"logs/a/log.jsonl": ONE, "logs/a/up": link_to("../.."), "logs/b": link_to("a")}, "logs"),
    _one("a glob in circles", {"logs/a/log.jsonl": ONE, "logs/a/up": link_to("../..")}, "logs/**/*.jsonl"),
    _one("a link to a file", {"real.jsonl": ONE, "log.jsonl": link_to("real.jsonl")}, "log.jsonl"),
    _one("one file by three names", {"log.jsonl": ONE, "again.jsonl": link_to("log.jsonl")}, "log.jsonl", "again.jsonl", "./log.jsonl"),
    _one("a name of brackets", {"[a]*?.jsonl": ONE}, "[a]*?.jsonl"),
    _one("a name that looks like an option", {"-log.jsonl": ONE}, "./-log.jsonl"),
    _one("a name with a newline", {"a\nb.jsonl": ONE}, "a\nb.jsonl"),
    _one("a name that is no text", {"log": named_with_bytes}, "."),
    _one("a name that turns direction", {"log\u202elnosj.jsonl": ONE}, "log\u202elnosj.jsonl"),
    _one("a pipe in a folder", {"logs/a.jsonl": ONE, "logs/b.jsonl": pipe}, "logs"),
    _one("a link to nothing in a folder", {"logs/a.jsonl": ONE, "logs/b.jsonl": link_to("gone")}, "logs"),
    _one("an empty file in a folder", {"logs/a.jsonl": ONE, "logs/b.jsonl": b""}, "logs"),
    _one("half-written files", {"logs/a.jsonl": ONE, "logs/.b.jsonl": OTHER, "logs/_c.jsonl": OTHER, "logs/d.jsonl.tmp": OTHER}, "logs"),
    _one("what is no log in a folder", {"logs/a.jsonl": ONE, "logs/b.json": b"\x89PNG" * 100}, "logs", says="skipped: logs/b.json"),
    _one("another log's columns in a folder", {"logs/a.jsonl": ONE, "logs/b.jsonl": b'{"foo": 1}\n'}, "logs", says="skipped: cannot tell the format of logs/b.jsonl"),
    _one("200 folders deep", {"logs": deep}, "logs"),
    _one("two files that share a call", {"a.jsonl": ONE + OTHER, "b.jsonl": log(1, 9)}, "a.jsonl", "b.jsonl", rows=3),
    Case("files: 300 in a folder", {"logs": many}, words=("logs",), used=300, tokens=300 * TOKENS, rejected={"logs/250.jsonl:2": "torn_tail"}),
)  # fmt: skip
