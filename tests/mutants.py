"""Changes one thing at a time in files of the product, and tells which changes no test notices.

`python -m tests.mutants sources/lines.py --sample 50 --seed 1` (needs `coverage`)

Tests run once as they are, to know which of them reach which line. Then each change of a sample meets those tests, in a
process forked from one that has imported the libraries but not yet used them: a thread pool does not outlive a fork.
"""

import argparse
import ast
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
HEAVY = (
    "polars",
    "pyarrow.parquet",
    "narwhals",
    "scipy.stats",
    "hypothesis",
    "pytest",
    "rich.console",
    "typer.testing",
)
HANGS = 200
"""So many seconds may the tests of a change take; one that hangs is noticed."""

_READER = (
    "lines", "narrow", "coerce", "times", "files", "read", "source_tables", "follow", "torture",
)  # fmt: skip
TESTS = {
    "sources": _READER,
    "store": ("store", "store_rare", "store_faults", "store_ids", "store_disk", "store_seldom", "aside"),
    "readable.py": ("words", "formats", "dashboard", "findings", "cli", "hostile"),
}
"""The files of tests that concern a part, cheap ones first."""

PASSED_OVER = {"annotation", "returns", "decorator_list", "format_spec"}
"""Parts of code that are not changed; nor are texts with values in them, and what is raised: words for people."""

_OPPOSITES: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot), (ast.And, ast.Or),
    (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr), (ast.LShift, ast.RShift),
)  # fmt: skip
OPPOSITE = {a: b for pair in _OPPOSITES for a, b in (pair, pair[::-1])} | {ast.FloorDiv: ast.Mult, ast.Mod: ast.Add}
_WORDS = (
    ("min", "max"), ("any", "all"), ("startswith", "endswith"), ("head", "tail"), ("find", "rfind"),
    ("any_horizontal", "all_horizontal"), ("strip", "lstrip"), ("floor", "ceil"), ("append", "extend"),
)  # fmt: skip
OTHER_WORD = {a: b for pair in _WORDS for a, b in (pair, pair[::-1])}


def changed(node: Any) -> Iterator[Any]:  # noqa: C901, PLR0912 - one line a change
    """Yield what a piece of code is replaced by."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITE:
            yield ast.Compare(node.left, [OPPOSITE[type(op)]()], node.comparators)
        case ast.BoolOp() | ast.BinOp() if type(node.op) in OPPOSITE:
            other = deepcopy(node)
            other.op = OPPOSITE[type(node.op)]()
            yield other
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield ast.Constant(node.value + 1)
        case ast.Constant(value=str() | bytes() as text):
            for at in {len(text) // 4, len(text) // 2, len(text) * 3 // 4}:
                yield ast.Constant(text[:at] + text[at + 1 :] if text else type(text)(b"x") if text == b"" else "x")
        case ast.Return() if node.value is not None:
            yield ast.Return(None)
        case ast.If() | ast.IfExp():
            other = deepcopy(node)
            other.test = ast.UnaryOp(ast.Not(), node.test)
            yield other
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Call():
            for at in range(len(node.keywords)):
                yield ast.Call(node.func, node.args, node.keywords[:at] + node.keywords[at + 1 :])
        case ast.Name(id=word) if word in OTHER_WORD:
            yield ast.Name(OTHER_WORD[word])
        case ast.Attribute(attr=word) if word in OTHER_WORD:
            yield ast.Attribute(node.value, OTHER_WORD[word])
        case ast.comprehension() if node.ifs:
            yield ast.comprehension(node.target, node.iter, [], 0)
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds)):
            for at in range(len(kinds)):
                yield ast.ExceptHandler(ast.Tuple(kinds[:at] + kinds[at + 1 :]), node.name, node.body)
        case ast.Continue() | ast.Break():
            yield ast.Pass()


def mutants(tree: ast.AST, place: tuple[int, int] = (1, 1)) -> Iterator[tuple[tuple[int, int], str, str]]:
    """Yield each change below a node: the lines it is on, what it is, and the whole changed source."""
    root = tree
    stack = [(tree, place)]
    while stack:
        parent, place = stack.pop()
        for name, old in ast.iter_fields(parent):
            if name in PASSED_OVER or isinstance(parent, ast.JoinedStr | ast.Raise):
                continue
            for at, node in enumerate(old) if isinstance(old, list) else [(None, old)]:
                if not isinstance(node, ast.AST) or _is_docstring(node):
                    continue
                here = (node.lineno, node.end_lineno or 0) if isinstance(node, ast.expr | ast.stmt) else place
                stack.append((node, here))
                for new in changed(node):
                    _put(parent, name, at, new)
                    told = f"{_short(node)}  ->  {_short(new)}"
                    yield here, told, ast.unparse(ast.fix_missing_locations(deepcopy(root)))
                    _put(parent, name, at, node)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _put(parent: ast.AST, name: str, at: int | None, node: ast.AST) -> None:
    if at is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[at] = node


def _short(node: Any) -> str:
    text = (
        ast.unparse(ast.fix_missing_locations(deepcopy(node))) if not isinstance(node, ast.comprehension) else "if ..."
    )
    return " ".join(text.split())[:110]


class Reached:
    """A plugin that notes which test runs which lines of the product, and how long it takes."""

    def __init__(self, source: Path) -> None:
        from coverage import Coverage

        self.measured = Coverage(data_file=None, source=[str(source)], messages=False)
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note the next lines under the name of a test."""
        self.measured.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add what a test took."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration

    def told(self, source: Path) -> dict[str, Any]:
        """Return the seconds of each test, and for each line of each file the tests that run it."""
        data = self.measured.get_data()
        lines = {path: data.contexts_by_lineno(path) for path in data.measured_files()}
        return {
            "seconds": self.seconds,
            "lines": {os.path.relpath(path, source): found for path, found in lines.items()},
        }


def ran(words: list[str], source: Path, plugins: list[Any]) -> int:
    """Run tests on a copy of the product, quietly, and return pytest's exit code."""
    import pytest

    sys.path.insert(0, str(source))
    os.environ |= {"PYTHONPATH": str(source), "HYPOTHESIS_STORAGE_DIRECTORY": str(source / "hypothesis")}
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    return int(
        pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", *words],
            plugins=plugins,
        )
    )


def forked(work: Callable[[], int], seconds: int = 0) -> int:
    """Return the exit code of a piece of work in a process of its own, and what signal ended it as a negative number."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.setpgid(0, 0)
    signal.alarm(seconds)
    try:
        os._exit(work())
    except BaseException:  # noqa: BLE001 - a change may break anything
        os._exit(99)


def reached(source: Path, tests: list[str], kept: Path) -> int:
    """Write down which tests reach which lines, after one run of all of them as they are."""
    plugin = Reached(source)
    plugin.measured.start()
    code = ran(tests, source, [plugin])
    plugin.measured.stop()
    kept.write_text(json.dumps(plugin.told(source)))
    return code


def chosen(
    place: tuple[int, int], lines: dict[str, list[str]], seconds: dict[str, float], budget: float
) -> list[list[str]]:
    """Return the tests that run some lines, the quickest as far as a budget goes, and the others.

    All tests run what an import does. Those of one file stay together, for the sake of what they share.
    """
    names = {name for line in range(place[0], place[1] + 1) for name in lines.get(str(line), ())}
    spent, parts = 0.0, ([], [])
    for name in sorted(seconds if "" in names else names, key=lambda name: seconds[name]):
        parts[spent > budget].append(name)
        spent += seconds[name]
    files = list(dict.fromkeys(name.partition("::")[0] for part in parts for name in part))
    return [sorted(part, key=lambda name: files.index(name.partition("::")[0])) for part in parts if part]


def tested(source: Path, name: str, sample: list[Any], known: dict[str, Any], budget: float) -> int:
    """Print which changes of a sample no test notices, and return how many these are."""
    file, survived, began = source / name, 0, time.monotonic()
    whole, lines = file.read_text(), known["lines"].get(name, {})
    for place, told, text in sample:
        tests = chosen(place, lines, known["seconds"], budget)
        file.write_text(text)
        if all(forked(lambda part=part: ran(part, source, []), HANGS) == 0 for part in tests):  # type: ignore[misc]
            survived += 1
            print(f"  {name}:{place[0]}  {told}  ({sum(map(len, tests))} tests)", flush=True)
    file.write_text(whole)
    found = f"{len(sample)} tried, {len(sample) - survived} killed, {survived} survived"
    print(f"{name}: {found}, {time.monotonic() - began:.0f} s", flush=True)
    return survived


def main() -> int:
    """Print what survived of each file; 1 where something did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="below src/aiopsctl, all of one part")
    parser.add_argument("--sample", type=int, default=50, help="so many changes of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="*", help="names of files of tests, in place of those of the part")
    parser.add_argument(
        "--seconds",
        type=float,
        default=10,
        help="of the tests that reach a change, the quickest up to so many come first",
    )
    parser.add_argument("--known", type=Path, help="where to keep which test reaches what, for the next time")
    asked = parser.parse_args()
    os.chdir(PROJECT)
    for name in HEAVY:
        importlib.import_module(name)
    every = [f"tests/test_{name}.py" for name in asked.tests or TESTS[Path(asked.files[0]).parts[0]]]
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(shutil.copytree("src", Path(folder).resolve() / "src"))
        kept = asked.known.resolve() if asked.known else source / "known.json"
        if not kept.exists() and (code := forked(lambda: reached(source, every, kept))):
            print(f"the tests fail as they are: {code}")
            return 2
        for name in (os.path.join("aiopsctl", file) for file in asked.files):
            found = list(mutants(ast.parse((source / name).read_text())))
            sample = random.Random(asked.seed).sample(found, min(asked.sample, len(found)))
            survived += tested(source, name, sorted(sample), json.loads(kept.read_text()), asked.seconds)
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
