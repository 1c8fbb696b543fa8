"""Whatever happens to a store while it is written, afterwards it holds each row exactly once."""

import errno
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from store_kills import killed
from store_world import assert_equal, by_logs, by_store, lines

from aiopsctl.sources.log import Log
from aiopsctl.store import disk
from aiopsctl.store.disk import StoreError

CALLS = ("open", "fsync", "replace", "unlink")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)


class Killed(BaseException):
    """The process is dead: nothing of it happens any more."""


class Faulty:
    """Stands for `os` in the store: the call with a number fails, or is the last thing that the process did."""

    def __init__(self, nth: int, error: int | None = None) -> None:
        self.nth, self.error, self.count = nth, error, 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._faulty(real) if name in CALLS else real

    def _faulty(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            self.count += 1
            if self.error is None and self.count >= self.nth:
                raise Killed
            if self.error is not None and self.count == self.nth:
                raise OSError(self.error, os.strerror(self.error))
            return real(*args, **named)

        return call


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a log, of which the store has read the first half."""
    folder = tmp_path_factory.mktemp("begun")
    rows = lines(40, days=1)
    (folder / "app.jsonl").write_bytes(b"".join(rows[:25]))
    by_store(folder / "store", folder / "app.jsonl")
    with (folder / "app.jsonl").open("ab") as file:
        file.writelines(rows[25:])
    return folder


@pytest.fixture(scope="module")
def plain(begun: Path) -> Log:
    """Return what a reading of the whole log gives, which no copy of it changes."""
    return by_logs(begun / "app.jsonl")


def copies(begun: Path, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Yield numbers and fresh copies of a folder, as long as the caller goes on."""
    for nth in range(1, 1000):
        folder = tmp_path / str(nth)
        shutil.copytree(begun, folder, copy_function=shutil.copy2)
        yield nth, folder


def test_killed_at_every_step(begun: Path, plain: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies at any call that changes the disk leaves a store from which nothing is missing or double."""
    for nth, folder in copies(begun, tmp_path):
        with monkeypatch.context() as patch:
            faulty = Faulty(nth)
            patch.setattr(disk, "os", faulty)
            try:
                by_store(folder / "store", folder / "app.jsonl")
            except Killed:
                pass
            else:
                break
        assert_equal(folder / "store", folder / "app.jsonl", plain=plain)
        assert not list((folder / "store").glob(f"{disk.TEMPORARY}*"))
    assert nth > 20


def test_every_error_of_the_disk(begun: Path, plain: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that fails is one clear error, so that commands read the logs; the next update has it all."""
    for nth, folder in copies(begun, tmp_path):
        with monkeypatch.context() as patch:
            faulty = Faulty(nth, ERRORS[nth % len(ERRORS)])
            patch.setattr(disk, "os", faulty)
            try:
                found = by_store(folder / "store", folder / "app.jsonl")
            except StoreError:
                found = None
        if found is not None:
            assert found.events.height == plain.events.height
        assert_equal(folder / "store", folder / "app.jsonl", plain=plain)
        if faulty.count < nth:
            break
    assert nth > 20


def test_a_flipped_bit_is_noticed(begun: Path, plain: Log, tmp_path: Path) -> None:
    """A manifest or a segment that a disk has changed is not believed: what held before is, or the logs are read again."""
    by_store(begun / "store", begun / "app.jsonl")
    names = sorted(path.name for path in (begun / "store").iterdir() if path.is_file() and path.name != "LOCK")
    for i, name in enumerate(names):
        folder = tmp_path / str(i)
        shutil.copytree(begun, folder, copy_function=shutil.copy2)
        path = folder / "store" / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x10
        path.write_bytes(data)
        assert_equal(folder / "store", folder / "app.jsonl", plain=plain)


def test_several_at_once(begun: Path, tmp_path: Path) -> None:
    """Processes that want the same store at once all get the right answer."""
    folder = tmp_path / "several"
    shutil.copytree(begun, folder, copy_function=shutil.copy2)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["store_world"])
    processes = [context.Process(target=assert_equal, args=(folder / "store", folder / "app.jsonl")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4


def test_killed_at_any_moment() -> None:
    """Killed at random while the log grows and is rotated, a store is never wrong."""
    assert killed(25, seed=1) == 0


def test_a_full_disk(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nothing can be written, the error says so; when there is room again, nothing is missing."""
    folder = tmp_path / "full"
    shutil.copytree(begun, folder, copy_function=shutil.copy2)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(disk.os, "fsync", full)
        for _ in range(2):
            with pytest.raises(StoreError, match="No space left"):
                by_store(folder / "store", folder / "app.jsonl")

    assert_equal(folder / "store", folder / "app.jsonl")
