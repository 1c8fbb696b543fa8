"""Configs that go wrong: each is an error with the line on which it is."""

import itertools

from torture.case import Case, log

CHECK = b"checks:\n  slow: {metric: latency-p95, critical: {above: 1500ms}}\n"


def _alias_bomb() -> bytes:
    steps = [b"a: &a [x, x, x, x, x, x, x, x, x]\n"]
    names = b"abcdefghi"
    for before, now in itertools.pairwise(names):
        steps.append(b"%c: &%c [%s]\n" % (now, now, b", ".join(b"*%c" % before for _ in range(9))))
    return b"".join(steps)


def _refused(name: str, data: bytes, says: str, line: int | None = 1) -> Case:
    place = f"aiopsctl.yaml:{line}" if line else "aiopsctl.yaml"
    return Case(
        f"config: {name}", {"log.jsonl": log(3), "aiopsctl.yaml": data}, exits=2, says=f"{says}|{place}",
        words=("log.jsonl", "--config", "aiopsctl.yaml"),
    )  # fmt: skip


CASES = (
    _refused("alias bomb", _alias_bomb(), "anchors and aliases are refused"),
    _refused("alias", b"checks: &a {}\ntiers: *a\n", "anchors and aliases are refused"),
    _refused("alias of nothing", b"checks: *a\n", "anchors and aliases are refused"),
    _refused("merge key", b"a: &a {x: 1}\nchecks: {<<: *a}\n", "anchors and aliases are refused"),
    _refused("tag that runs a command", b"checks: !!python/object/apply:os.system ['touch pickled']\n", "tags are refused"),
    _refused("tag of its own", b"checks: !x {}\n", "tags are refused"),
    _refused("nested 100,000 deep", b"checks: " + b"[" * 100_000, "nested more than 32 deep"),
    _refused("mappings 100 deep", b"".join(b" " * n + b"a:\n" for n in range(100)), "nested more than 32 deep", 32),
    _refused("10 MB", b"checks: " + b"x" * 10_000_000, "larger than 256 KiB", None),
    _refused("number of 100,000 digits", b"defaults: {min_samples: " + b"9" * 100_000 + b"}\n", "min_samples"),
    _refused("two documents", CHECK + b"---\n" + CHECK, "a second document", 3),
    _refused("a key twice", b"timezone: UTC\ntimezone: UTC\n", "timezone", 2),
    _refused("unknown key", b"thresolds: {}\n", "thresolds"),
    _refused("unknown metric", b"checks:\n  slow: {metric: latencyp95, critical: {above: 1ms}}\n", "did you mean", 2),
    _refused("unknown unit", b"checks:\n  slow: {metric: latency-p95, critical: {above: 5 parsecs}}\n", "parsecs", 2),
    _refused("NaN as a limit", b"checks:\n  slow: {metric: latency-p95, critical: {above: .nan}}\n", "nan", 2),
    _refused("infinity as a limit", b"checks:\n  slow: {metric: latency-p95, critical: {above: .inf}}\n", "inf", 2),
    _refused("null as a limit", b"checks:\n  slow: {metric: latency-p95, critical: {above: }}\n", "above", 2),
    _refused("nothing", b"", "the config is empty", None),
    _refused("a comment alone", b"# later\n", "the config is empty", None),
    _refused("a list", b"- checks\n", "must be a mapping"),
    _refused("text", b"checks\n", "must be a mapping"),
    _refused("a tab", b"checks:\n\tslow: {}\n", "indent with spaces", 2),
    _refused("a control character", b"checks: \x1b[31m\n", "control character"),
    _refused("NUL", b"checks: \0\n", "control character"),
    _refused("invalid UTF-8", b"checks: \xff\n", "not UTF-8"),
    _refused("UTF-16", "checks: {}\n".encode("utf-16"), "not UTF-8"),
    _refused("an open quote", b'checks: "slow\n', "not YAML", None),
    _refused("SQL that is none", b'checks:\n  slow: {metric: latency-p95, where: "1; drop table calls", critical: {above: 1ms}}\n', "where", 2),
    _refused("JSON with a comma too many", b'{"checks": {},, }\n', "not YAML"),
    _refused("a zone that is none", b"timezone: ../../etc/passwd\n", "timezone"),
)  # fmt: skip
