"""Imports point down, heavy modules are imported late, and files stay small."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cases import each

SOURCE = Path(__file__).parent.parent / "src" / "aiopsctl"
FLOORS = (
    "errors", "batches", "readable", "events", "sums", "facts", "values", "metric", "stats", "metrics", "catalog", "engine", "window", "daily",
    "page", "status", "result", "document",
    "config", "prices", "sources", "store", "context", "where", "measure", "changes", "views", "checks", "analyses", "charts", "formats", "reports", "words", "demo", "cli",
    "__main__",
)  # fmt: skip
"""From the ground up: a module may import those of its own floor and of the floors below."""

HOMES = {"typer": ("cli",), "rich": ("formats.table",), "jinja2": ("formats.html",), "vl_convert": ("charts.render",),
         "prometheus_client": ("formats.prometheus",)}  # fmt: skip
"""Where alone a library may be imported."""

LATE = ("scipy", "numpy", "pyarrow", "rapidfuzz", "rich", "jinja2", "vl_convert", "prometheus_client")
"""What is imported inside the functions that need it, never at the top of a module."""

HEAVY = {"polars", "numpy", "scipy", "pyarrow", "rich", "narwhals", "jinja2", "vl_convert", "msgspec", "yaml"}
"""What no help text needs."""

LONGEST = 300

FILES = sorted(set(SOURCE.rglob("*.py")) - {SOURCE / "__init__.py"})
each_file = each("path", FILES)


def dotted(path: Path) -> str:
    """Return the name of a module within the package; of a folder's `__init__` that of the folder."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def floor(module: str) -> str:
    """Return the floor of a module: its own name, else that of the folder that it is in."""
    found = module if module in FLOORS else module.partition(".")[0]
    assert found in FLOORS, f"{module} stands on no floor: name it in FLOORS"
    return found


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file as a tree."""
    return ast.parse(path.read_text())


def imports(path: Path, *, top: bool = False) -> Iterator[str]:
    """Yield the full names of what a file imports; with `top`, only what importing the file imports."""
    for node in _run_at_import(parsed(path)) if top else ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        is_type_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not is_type_only:
            yield node
            yield from _run_at_import(node)


@cache
def own(name: str) -> str | None:
    """Return the module of the package that an import names, None for another package."""
    package, _, inner = name.partition(".")
    if package != "aiopsctl":
        return None
    while inner and not (
        (SOURCE / inner.replace(".", "/")).is_dir() or (SOURCE / f"{inner.replace('.', '/')}.py").is_file()
    ):
        inner = inner.rpartition(".")[0]
    return inner


@each_file
def test_imports_point_down(path: Path) -> None:
    """A module imports nothing of a floor above its own, not even within a function."""
    modules = {name for each in imports(path) if (name := own(each))}

    assert not [name for name in modules if FLOORS.index(floor(name)) > FLOORS.index(floor(dotted(path)))]


@each_file
def test_libraries_keep_to_their_homes(path: Path) -> None:
    """A library that belongs to one part is imported in no other."""
    module = dotted(path)
    strangers = [name for name in imports(path) if not module.startswith(HOMES.get(name.partition(".")[0], (module,)))]

    assert not strangers


@each_file
def test_heavy_libraries_are_imported_late(path: Path) -> None:
    """What takes long to import is imported by the function that needs it."""
    early = [name for name in imports(path, top=True) if name.partition(".")[0] in LATE]

    assert not early


@each_file
def test_file_is_short(path: Path) -> None:
    """No file is longer than a reader can hold."""
    assert len(path.read_text().splitlines()) <= LONGEST


@each_file
def test_no_shortcuts(path: Path) -> None:
    """Nothing drops rows silently (`ignore_errors`, `scan_ndjson`), and only commands print."""
    text = path.read_text()
    calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    prints = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]

    assert "ignore_errors=True" not in text
    assert "scan_ndjson" not in text
    assert not prints or floor(dotted(path)) == "cli"


@pytest.mark.parametrize("arguments", ["--version", "--help", "check --help", "cost --help"])
def test_start_is_light(arguments: str) -> None:
    """Version and help are printed without the import of any heavy library."""
    command = [sys.executable, "-X", "importtime", "-m", "aiopsctl", *arguments.split()]

    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "aiopsctl.cli.app" in imported
    assert not imported & HEAVY


def checked(log: Path, rows: list[str], *options: str) -> tuple[str, set[str]]:
    """Return what a check of a log of calls prints, and what was imported for it, by import statements or else."""
    log.write_text("".join(["event,ts,user_id,status,latency_ms,input_tokens,cost_usd\n", *rows]))
    code = (
        "import sys\nfrom aiopsctl.cli.app import app\n"
        f"try:\n    app({['check', str(log), '--isolated', *options]})\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    return done.stdout, set(done.stderr.splitlines()[-1].split())


def test_check_of_a_small_log_is_light(tmp_path: Path) -> None:
    """A check of a small log, without a config, imports what reads and judges it, and no more: of commands its own."""
    rows = [f"call,2026-10-01T12:{i // 60:02}:{i % 60:02}Z,u{i % 60},ok,{800 + i},900,0.004\n" for i in range(300)]

    shown, imported = checked(tmp_path / "calls.csv", rows)

    assert "pass: " in shown
    assert "polars" in imported
    assert not imported & (HEAVY - {"polars", "narwhals", "msgspec"})
    assert not imported & {
        "aiopsctl.cli.look",
        "aiopsctl.cli.drift",
        "aiopsctl.config.document",
        "aiopsctl.store.store",
    }


def test_a_change_is_tested_without_heavy_libraries(tmp_path: Path) -> None:
    """Whether two months of a mean differ is told without NumPy or SciPy, whose import takes longer than the check."""
    rows = [
        f"call,2026-{9 + i // 300:02}-{1 + i % 300 // 10:02}T12:00:{i % 60:02}Z,u{i % 40},ok,800,{tokens},0.004\n"
        for i in range(600)
        for tokens in [20_000 if i % 40 == i // 300 else 300]
    ]

    shown, imported = checked(tmp_path / "calls.csv", rows, "-f", "json")

    assert ["input-tokens"] == [check["id"] for check in json.loads(shown)["checks"] if check["status"] == "blind"]
    assert not imported & (HEAVY - {"polars", "narwhals", "msgspec"})


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the threads of a process are told by Linux alone")
def test_numpy_starts_no_threads() -> None:
    """Where a command needs NumPy, that starts no threads: its matrices are small."""
    code = "import os, aiopsctl.cli, numpy\nprint(len(os.listdir('/proc/self/task')))"
    bare = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}

    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert done.stdout == "1\n"
