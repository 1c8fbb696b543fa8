"""The command line as a program among others: pipes, signals, terminals, environments, and bugs of our own."""
# ruff: noqa: S603 - the program under test is run

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep

import jsonschema
import pytest
from running import run
from typer.testing import CliRunner, Result

from aiopsctl.cli.app import app
from aiopsctl.document import schema
from aiopsctl.formats.format import formats
from aiopsctl.sources import files

CALL = '{{"ts": "2026-09-{day:02}T12:00:00Z", "request_id": "r{day}", "user_id": "u{user}", "feature": "{feature}", \
"status": "ok", "latency_ms": {ms}, "input_tokens": 100, "output_tokens": 20, "cost_usd": 0.01}}\n'
LOG = "".join(
    CALL.format(day=day, user=day % 5, feature=("draft", "chat")[day % 2], ms=100 * day) for day in range(1, 31)
)
BREACH = "defaults: {min_samples: 1}\nchecks:\n  slow: {metric: latency-p50, by: feature, critical: {above: 1ms}}\n"
LOOKS = ("summary", "quality", "cost", "latency", "satisfaction")
COMMANDS = (*LOOKS, "check", "demo", "doctor", "drift", "explain", "ingest", "init", "report")
MACHINE = tuple(name for name, found in formats().items() if not found.human)
OF_CHECK = tuple(name for name, found in formats().items() if found.of_check)
OTHERS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_ACTIONS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OTHERS}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into a folder with a log, and a config by which it breaches."""
    (tmp_path / "log.jsonl").write_text(LOG)
    (tmp_path / "breach.yaml").write_text(BREACH)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "AIOPSCTL_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(files, "_stdin", None, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str, stdin: bytes = b"") -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(words), input=stdin)


def program(*words: str) -> list[str]:
    """Return the command line that runs the program in a process of its own."""
    return [sys.executable, "-m", "aiopsctl", *words]


def start(*words: str, env: dict[str, str] | None = None, **how: int | None) -> "subprocess.CompletedProcess[bytes]":
    """Run the program in a process of its own, and wait for it."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | how
    return subprocess.run(program(*words), env=ENVIRONMENT | (env or {}), check=False, **streams)  # type: ignore[call-overload,no-any-return]  # streams


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line in a shell that finds the program by its name."""
    found = f'aiopsctl() {{ {shlex.join(program())} "$@"; }}\n{line}'
    return subprocess.run(["bash", "-c", found], env=ENVIRONMENT, check=False, capture_output=True, text=True)  # noqa: S607


def on_terminal(columns: int, *words: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the program on a terminal of so many columns; return its exit code and what it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    settings = ENVIRONMENT | {"TERM": "xterm-256color"} | (env or {})
    process = subprocess.Popen(program(*words), stdin=theirs, stdout=theirs, stderr=theirs, env=settings)
    os.close(theirs)
    written = b"".join(_blocks(ours))
    return process.wait(), written.decode().replace("\r\n", "\n")


def _blocks(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            block = os.read(descriptor, 65_536)
        except OSError:  # Linux says so of a terminal whose other end is closed
            return
        if not block:
            return
        yield block


@pytest.mark.parametrize(
    ("words", "reader", "expected"),
    [
        ("check log.jsonl -c breach.yaml", "true", 1),
        ("check log.jsonl -c breach.yaml", "head -1", 1),
        ("latency log.jsonl --by day,feature,user_id,hour", "head -1", 0),
        ("latency log.jsonl --since 2027-01 --until 2027-02", "true", 3),
        ("explain", "head -1", 0),
        ("--help", "true", 0),
    ],
)
def test_reader_who_leaves(words: str, reader: str, expected: int) -> None:
    """A closed pipe never changes the exit code, and nothing is said of it."""
    done = shell(f"aiopsctl {words} 2>err | {reader} >/dev/null; echo ${{PIPESTATUS[0]}}; grep -c -i pipe err")

    assert f"{expected}\n0\n" == done.stdout


def test_full_disk() -> None:
    """An answer that cannot be written is an error, not a success."""
    done = shell("aiopsctl latency log.jsonl > /dev/full")
    expected = "error: cannot write to standard output: No space left on device\n"

    assert (2, expected) == (done.returncode, done.stderr)


def test_interrupt() -> None:
    """Ctrl-C gives 130, without a traceback."""
    waiting = subprocess.Popen(
        program("summary", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    assert waiting.stdin
    waiting.stdin.write(LOG.encode())
    waiting.stdin.flush()
    for _ in range(100):  # until it reads: a signal before that meets the interpreter itself
        if _reads_stdin(waiting.pid):
            break
        sleep(0.05)
    waiting.send_signal(signal.SIGINT)
    expected = (130, (b"", b""))
    said = waiting.communicate(timeout=20)

    assert expected == (waiting.returncode, said)


def _reads_stdin(pid: int) -> bool:
    """Return whether a process waits in a read of descriptor 0 (Linux; elsewhere False, and the test waits)."""
    try:
        words = Path(f"/proc/{pid}/syscall").read_text().split()
    except OSError:
        return False
    return words[:2] == ["0", "0x0"]


def test_interrupt_in_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C gives 130 wherever it comes, and 3 for a monitor."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("aiopsctl.sources.read.read", interrupted)
    expected = [130, 130, 3]
    actual = [
        call("latency", "log.jsonl").exit_code,
        call("check", "log.jsonl").exit_code,
        call("check", "log.jsonl", "--exit-codes", "nagios").exit_code,
    ]

    assert expected == actual


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("aiopsctl latency log.jsonl --metrics calls <&-", 0),
        ("aiopsctl latency - --metrics calls <&-", 2),
        ("aiopsctl check log.jsonl -c breach.yaml >&-", 1),
        ("aiopsctl check log.jsonl -c breach.yaml 2>&-", 1),
        ("aiopsctl check nothing.jsonl 2>&-", 2),
        ("aiopsctl check log.jsonl -c breach.yaml >&- 2>&- <&-", 1),
        ("aiopsctl -h >&-", 0),
    ],
)
def test_closed_streams(line: str, expected: int) -> None:
    """A stream that is closed changes neither the exit code nor what goes to the others."""
    done = shell(line)

    assert expected == done.returncode
    assert "Traceback" not in done.stderr
    assert "error" not in done.stdout


@pytest.mark.parametrize(
    ("env", "flags", "expected"),
    [
        ({}, (), True),
        ({"NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": ""}, (), True),  # present, but empty
        ({"TERM": "dumb"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({}, ("--color", "never"), False),
    ],
)
def test_colour_on_a_terminal(env: dict[str, str], flags: Sequence[str], *, expected: bool) -> None:
    """A terminal has colour, unless it or its user says otherwise; the flag says it best."""
    code, shown = on_terminal(80, "check", "log.jsonl", "-c", "breach.yaml", *flags, env=env)

    assert (1, expected) == (code, "\x1b[" in shown)


@pytest.mark.parametrize("columns", [80, 160])
def test_width_of_a_terminal(columns: int) -> None:
    """A table fits the terminal, and says which columns it left out."""
    _, shown = on_terminal(columns, "summary", "log.jsonl", "--by", "feature", "--color", "never")
    wide = [line for line in shown.split("\n") if len(line) > columns]

    assert wide == []
    assert "columns hidden (" in shown


@pytest.mark.parametrize("env", [{}, {"COLUMNS": "40", "TERM": "dumb"}, {"FORCE_COLOR": "1"}])
def test_natural_width_in_a_pipe(env: dict[str, str]) -> None:
    """Off a terminal nothing is cut, whatever width the environment names; colours come where they are forced."""
    done = start("check", "log.jsonl", "-c", "breach.yaml", env=env)
    shown = done.stdout.decode()
    expected = "FORCE_COLOR" in env

    assert "2,600 ms is above the limit of 1 ms" in shown
    assert "breach.yaml:3" in shown
    assert expected == ("\x1b[" in shown)


@pytest.mark.parametrize("name", formats())
def test_no_escapes_in_a_pipe(name: str) -> None:
    """Nothing but the answer goes down a pipe: no colours, no links, no titles."""
    done = call("check", "log.jsonl", "-c", "breach.yaml", "-f", name)

    assert done.exit_code == 1
    assert "\x1b" not in done.output


@pytest.mark.parametrize("name", formats())
def test_stream_that_lacks_letters(name: str) -> None:
    """Where stdout is ASCII, tables get other signs, and documents stay UTF-8."""
    Path("log.jsonl").write_text(LOG.replace("draft", "Entwürfe 語"))
    done = run("check", "log.jsonl", "-c", "breach.yaml", "-f", name, encoding="ascii")
    expected = "Entw\\xfcrfe \\u8a9e" if formats()[name].human else "Entwürfe 語"

    assert (1, "") == (done.exit_code, done.stderr)
    assert expected in done.stdout.replace("\\\\", "\\")
    assert done.stdout.isascii() or not formats()[name].human


@pytest.mark.parametrize("name", ["table", "json"])
def test_process_whose_stream_lacks_letters(name: str) -> None:
    """A process of its own writes to an ASCII pipe what it writes to such a stream here."""
    Path("log.jsonl").write_text(LOG.replace("draft", "Entwürfe 語"))
    words = ("check", "log.jsonl", "-c", "breach.yaml", "-f", name)
    done = start(*words, env={"PYTHONIOENCODING": "ascii"})

    assert (1, b"") == (done.returncode, done.stderr)
    assert run(*words, encoding="ascii").stdout == done.stdout.decode()
    assert b"\x1b" not in done.stdout


def test_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug gives 70 and one line that says where, with nothing of the log."""

    def broken(*_: object) -> None:
        message = "cannot parse 'sk-secret'"
        raise RuntimeError(message)

    monkeypatch.setattr("aiopsctl.sources.read.read", broken)
    expected = (
        "error: a bug in aiopsctl (RuntimeError in test_cli.py:N): run again with --debug, and please report it\n"
    )
    done = call("check", "log.jsonl")

    assert done.exit_code == 70
    assert expected == re.sub(r":\d+\)", ":N)", done.output)


def test_panic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic of the engine, which is no `Exception`, is a bug like any other."""
    import polars as pl

    def panicked(*_: object) -> None:
        message = "sk-secret"
        raise pl.exceptions.PanicException(message)

    monkeypatch.setattr("aiopsctl.sources.read.read", panicked)
    done = call("check", "log.jsonl")

    assert done.exit_code == 70
    assert "secret" not in done.output


@pytest.mark.parametrize(("codes", "expected"), [((), 70), (("--exit-codes", "nagios"), 3)])
def test_bug_with_debug(codes: Sequence[str], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --debug a bug shows its traceback, and keeps its exit code; a monitor gets its unknown."""

    def broken(*_: object) -> None:
        message = "the cause"
        raise RuntimeError(message)

    monkeypatch.setattr("aiopsctl.sources.read.read", broken)
    done = call("check", "log.jsonl", "--debug", *codes)

    assert (expected, "") == (done.exit_code, done.stdout)
    assert "Traceback (most recent call last)" in done.stderr
    assert "RuntimeError: the cause" in done.stderr


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, flag: str) -> None:
    """Every command has help, in which nothing is cut."""
    done = call(*command.split(), flag)

    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: aiopsctl {command}".rstrip())
    assert "..." not in re.sub(r"\[ARGS\]\.\.\.|\[PATHS\]\.\.\.|md, \.\.\.", "", done.stdout)


def test_commands_are_listed() -> None:
    """The help lists every command once."""
    expected = sorted(COMMANDS)
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", call("--help").stdout, re.MULTILINE)

    assert sorted([*expected, "scale"]) == sorted(listed)


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(flag: str) -> None:
    """The version is one line."""
    done = call(flag)

    assert done.exit_code == 0
    assert re.fullmatch(r"aiopsctl \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("words", ["--help", "--version", "latency --help", "nothing", "check --failon never"])
def test_nothing_heavy_at_the_start(words: str) -> None:
    """Help, version and wrong words are answered before anything heavy is imported."""
    code = (
        "import sys\nfrom aiopsctl.cli.app import app\n"
        f"try:\n    app({words.split()})\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('polars', 'rich', 'narwhals', 'scipy', 'pyarrow', 'yaml', 'msgspec') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True, capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (command, name)
        for command in (*LOOKS, "check")
        for name in MACHINE
        if command == "check" or name == "json" or (command == "latency" and name not in OF_CHECK)
    ],
)
def test_documents_parse(command: str, name: str) -> None:
    """With a machine format stdout is one document, however much is to be said on stderr."""
    Path("noisy.jsonl").write_text(LOG + 'no json\n{"ts": "2026-09-30", "latency_ms": "soon", "status": "ok"}\n')
    done = call(command, "noisy.jsonl", "-f", name, "-v")
    parsed = {"json": json.loads, "jsonl": lambda text: [json.loads(line) for line in text.splitlines()]}
    document = parsed.get(name, str.splitlines)(done.stdout)

    assert document
    assert "rows rejected" in done.stderr
    assert done.exit_code in (0, 3)
    if name == "json":
        jsonschema.Draft202012Validator(schema()).validate(document)
        assert done.exit_code == document["exit_code"]


@pytest.mark.parametrize("name", OF_CHECK)
@pytest.mark.parametrize("command", [*LOOKS, "doctor"])
def test_formats_of_a_check_are_refused(command: str, name: str) -> None:
    """A format that shows verdicts is an error where there are none, and nothing is written."""
    done = [call(command, "log.jsonl", *words) for words in (("-f", name), ("-o", f"{name}=out"))]

    assert [(each.exit_code, each.stdout) for each in done] == [(2, ""), (2, "")]
    assert all(f"error: format {name} shows verdicts: only check has them\n  help: " in each.stderr for each in done)
    assert not Path("out").exists()


def test_printed_schema_is_the_one_that_holds() -> None:
    """`explain --schema result` prints the schema by which a check's document is valid."""
    printed = json.loads(call("explain", "--schema", "result").stdout)
    document = json.loads(call("check", "log.jsonl", "-c", "breach.yaml", "-f", "json").stdout)
    jsonschema.Draft202012Validator.check_schema(printed)

    assert list(jsonschema.Draft202012Validator(printed).iter_errors(document)) == []
    assert document["verdict"] == "breach"


def test_explained_metrics_as_json() -> None:
    """Every metric is listed with what the contract promises of it."""
    keys = {"name", "title", "dimension", "unit", "worse", "formula", "needs", "handbook", "thresholds"}
    document = json.loads(call("explain", "-f", "json").stdout)
    missing = [metric["name"] for metric in document["metrics"] if not keys <= set(metric)]

    assert missing == []
    assert "latency-p95" in {metric["name"] for metric in document["metrics"]}


def test_same_bytes_again() -> None:
    """The same log and the same --now give the same bytes, in every process."""
    words = [[command, "log.jsonl", "--now", "2026-10-01", "-f", "json"] for command in (*LOOKS, "check")]
    code = (
        "from aiopsctl.cli.app import app\n"
        f"for words in {words}:\n    try:\n        app(words)\n    except SystemExit:\n        pass\n"
    )
    env = ENVIRONMENT | {"PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True)

    assert "".join(call(*each).stdout for each in words) == done.stdout.decode()


def test_logs_are_only_read() -> None:
    """No command changes what it reads, not even its time."""
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path().iterdir()}
    for command in (*LOOKS, "check"):
        call(command, "log.jsonl", "-c", "breach.yaml", "-o", "new.json", "--rejects", "rejects.jsonl")
    after = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path().iterdir() if path.name in before
    }

    assert before == after


def test_outputs_are_whole_files() -> None:
    """A file that is written replaces the one before at once, and nothing else is left beside it."""
    Path("out.json").write_text("old")
    call("latency", "log.jsonl", "-o", "out.json", "-o", "out.csv")
    expected = ["breach.yaml", "log.jsonl", "out.csv", "out.json"]

    assert expected == sorted(path.name for path in Path().iterdir())
    assert json.loads(Path("out.json").read_text())["command"] == "latency"
    assert Path("out.json").stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_output_to_a_device() -> None:
    """A device is written to, not replaced."""
    done = call("latency", "log.jsonl", "-o", "json=/dev/null")

    assert done.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_next_command_can_be_pasted() -> None:
    """The command that a breach ends in runs, and shows the breach."""
    Path("log.jsonl").write_text(LOG.replace("draft", "Pia's $HOME `draft`!"))
    found = json.loads(call("check", "log.jsonl", "-c", "breach.yaml", "-f", "json").stdout)
    commands = [check["next"] for check in found["checks"] if check["status"] == "critical"]
    expected = [(0, 4), (0, 4)]  # every other day, from the one on which the 7 days begin
    done = [shell(command) for command in commands]
    actual = [(each.returncode, len(re.findall(r"^2026-09-\d\d ", each.stdout, re.MULTILINE))) for each in done]

    assert expected == actual


@pytest.mark.parametrize(
    "name", ["\x1b[31mred.jsonl", "a\nerror: forged.jsonl", "\u202egnp.jsonl", "::error::x.jsonl", "[red].jsonl"]
)
def test_names_of_files(name: str) -> None:
    """A file may be called anything; its name cannot act on a terminal or forge a line, there or not."""
    missing = call("latency", f"no{name}")
    Path(name).write_text("no json\n" + LOG)
    found = call("latency", name, "--metrics", "calls")
    expected = (2, 2, 0)
    actual = (missing.exit_code, len(missing.stderr.splitlines()), found.exit_code)

    assert expected == actual
    for written in (missing.output, found.output):
        assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]|^::", written) == []


def test_name_that_is_no_text(folder: Path) -> None:
    """A name whose bytes are no text is read like any other."""
    path = os.fsencode(folder) + b"/\xff\xfe.jsonl"
    Path(os.fsdecode(path)).write_text("no json\n" + LOG)
    done = call("latency", os.fsdecode(path), "--metrics", "calls", "-f", "json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["data"]["rows_rejected"] == 1


def test_verbose() -> None:
    """With -v it is said which config held, and what was read in which time."""
    done = call("latency", "log.jsonl", "-c", "breach.yaml", "-v")

    assert re.search(r"note: config: breach\.yaml; read in \d+\.\d\d s: log\.jsonl\n", done.stderr)


def test_entered_as_a_module() -> None:
    """`python -m aiopsctl` is the same program."""
    done = start("--version")

    assert (0, call("--version").stdout_bytes) == (done.returncode, done.stdout)
