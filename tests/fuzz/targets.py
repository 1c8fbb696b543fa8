"""What is fuzzed: every log format by its sample, found by looking; the config; and conditions in SQL."""

from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from aiopsctl.config import load
from aiopsctl.errors import AiopsctlError
from aiopsctl.sources.detect import sources
from aiopsctl.sources.read import read
from aiopsctl.where import predicate
from fuzz.mutate import broken_bytes, broken_records

ROOT = Path(__file__).parents[2]
FOUND = Path(__file__).parent / "found"
"""Cases that broke something once, as text: the target, the name of the file, and the bytes as Python writes them."""

CONDITIONS = (
    "feature = 'draft' AND latency_ms > 5000 AND ts >= DATE '2026-09-01'", "model IN ('a', 'b') OR NOT (cost_usd BETWEEN 0 AND 1)",
    "CASE WHEN status = 'ok' THEN TRUE ELSE user_id IS NULL END", "lower(coalesce(feature, 'x')) LIKE '%a%' AND length(model) > 2",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A thing to fuzz: its name, what to begin from, and what reads it; that raises where something is wrong."""

    name: str
    file: str
    seed: bytes
    reads: Callable[[Path], None]

    def mutant(self, random: Random) -> bytes:
        """Return the seed, broken."""
        lines = self.seed.split(b"\n")
        if self.file.endswith(".jsonl") and random.random() < 0.6:
            return broken_records([line for line in lines if line], random)
        return broken_bytes(self.seed, random)

    def run(self, data: bytes) -> None:
        """Read data; an error of the user is fine, anything else is not."""
        with TemporaryDirectory() as folder, chdir(folder):
            Path(self.file).write_bytes(data)
            try:
                self.reads(Path(self.file))
            except AiopsctlError:
                return


def reads_log(source: str | None) -> Callable[[Path], None]:
    """Return what reads a log, as a format or as what it looks like, and holds that every row is accounted for."""
    from aiopsctl.sources.opening import Reading

    def reads(path: Path) -> None:
        log = read([str(path)], how=Reading(source=source))
        account = log.account
        found = log.events.height + account.rows_rejected + account.rows_duplicate + account.rows_other
        assert found == account.rows_read, f"{found} of {account.rows_read} rows"
        assert sum(account.reasons.values()) == account.rows_rejected, "reasons"

    return reads


def reads_config(path: Path) -> None:
    """Read a config."""
    load(path, condition=None)


def reads_condition(path: Path) -> None:
    """Take a condition."""
    predicate(path.read_bytes().decode("utf-8", "surrogateescape"))


def targets() -> Iterator[Target]:
    """Yield every target."""
    for sample in sorted((ROOT / "sample_data" / "_formats").iterdir()):
        name = sample.stem if sample.stem in sources() else None
        yield Target(f"{sample.name}", sample.name, sample.read_bytes(), reads_log(None))
        if name and sample.suffix == ".jsonl":
            yield Target(f"{sample.name} forced", sample.name, sample.read_bytes(), reads_log(name))
    native = b"\n".join(
        b'{"ts": "2026-09-01T12:00:0%dZ", "request_id": "r%d", "latency_ms": 5, "kind": %s, "value": 1}' % (n, n, kind)
        for n, kind in enumerate((b"null", b'"thumb"', b'"star"', b"null"))
    )
    yield Target("native.jsonl", "native.jsonl", native, reads_log(None))
    yield Target("native.csv", "native.csv", b"ts,request_id,latency_ms\n" + b"2026-09-01,r,5\n" * 4, reads_log(None))
    for config in (ROOT / "configs" / "handbook.yaml", ROOT / "sample_data" / "aiopsctl.yaml"):
        yield Target(f"config {config.name}", "aiopsctl.yaml", config.read_bytes(), reads_config)
    for number, condition in enumerate(CONDITIONS):
        yield Target(f"condition {number}", "condition.sql", condition.encode(), reads_condition)


def kept() -> Iterator[tuple[str, str, bytes]]:
    """Yield the cases that were found: the file that keeps one, its target and its bytes."""
    for path in sorted(FOUND.glob("*.txt")):
        target, data = path.read_text(encoding="ascii").rstrip("\n").split("\n", 1)
        yield path.name, target, data.encode().decode("unicode_escape").encode("latin-1")


def keep(target: str, data: bytes) -> Path:
    """Keep a case, and return where."""
    from hashlib import sha256

    path = FOUND / f"{target.replace(' ', '-')}-{sha256(data).hexdigest()[:8]}.txt"
    path.write_text(f"{target}\n{data.decode('latin-1').encode('unicode_escape').decode('ascii')}\n", encoding="ascii")
    return path
