"""What a store does to a disk: whole files or none, for their owner alone, and nothing left behind."""

import errno
import fcntl
import hashlib
import os
import stat
from pathlib import Path

import polars as pl
import pytest

from aiopsctl.store import disk, manifest
from aiopsctl.store.disk import StoreError
from aiopsctl.store.manifest import Day, Manifest


def handles() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written stays what it was, and nothing lies beside it; the error says which, and why."""
    path = tmp_path / "MANIFEST"
    disk.write(path, b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError, match=r"cannot write .*MANIFEST: No space left on device"):
        disk.write(path, b"after")

    assert os.listdir(tmp_path) == ["MANIFEST"]
    assert path.read_bytes() == b"before"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are asked of Linux")
def test_nothing_stays_open(tmp_path: Path) -> None:
    """Files, folders and the lock are closed again, and only their owner may look into them."""
    folder, before = tmp_path / "a" / "store", handles()
    disk.make_folder(folder)
    disk.write(folder / "MANIFEST", b"{}")
    with disk.locked(folder, 0) as held:
        pass

    assert held
    assert handles() == before
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *sorted(folder.iterdir()))] == [0o700, 0o600, 0o600]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where a file lies in the way, the error says where the store was to be."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=r"cannot make the store .*file/store: Not a directory"):
        disk.make_folder(tmp_path / "file" / "store")


@pytest.mark.parametrize(("code", "held"), [(errno.EAGAIN, False), (errno.ENOLCK, True)])
def test_locks(code: int, held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - what is expected
    """A lock that somebody else has is not had; a file system without locks does not keep a store from being written."""

    def flock(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    with disk.locked(tmp_path, 0.01) as found:
        assert found is held


def test_a_lock_that_cannot_be_opened(tmp_path: Path) -> None:
    """A link in place of the lock is not followed, and the error says so."""
    (tmp_path / "LOCK").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreError, match="cannot lock the store"), disk.locked(tmp_path, 0):
        pass

    assert not (tmp_path / "elsewhere").exists()


def test_segments(tmp_path: Path) -> None:
    """A segment is named after its SHA-256 and written once; one that was cut or changed is no longer whole."""
    frame = pl.DataFrame({"x": [1, 2, 3]})
    segment = disk.write_frame(tmp_path, "raw", frame)
    path = tmp_path / segment.name
    data = path.read_bytes()

    assert (segment.name, segment.bytes, segment.rows) == (
        f".raw-{hashlib.sha256(data).hexdigest()[:16]}.parquet", len(data), 3,
    )  # fmt: skip
    assert pl.read_parquet(path).equals(frame)
    began = path.stat().st_mtime_ns
    assert disk.write_frame(tmp_path, "raw", frame) == segment
    assert path.stat().st_mtime_ns == began

    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert (disk.is_whole(tmp_path, segment), disk.is_whole(tmp_path, segment, deep=True)) == (True, False)
    path.write_bytes(data[:-1])
    assert not disk.is_whole(tmp_path, segment)
    path.unlink()
    assert not disk.is_whole(tmp_path, segment)


def test_sweep(tmp_path: Path) -> None:
    """Segments go that neither manifest lists and that are older than an hour, and files half written; nothing else does."""
    made = {
        kind: disk.write_frame(tmp_path, kind, pl.DataFrame({"x": [kind]}))
        for kind in ("now", "before", "old", "young")
    }
    manifest.save(tmp_path, Manifest(days={"d": Day(raw=[made["before"]])}))
    holds = Manifest(days={"d": Day(raw=[made["now"]])}, traces={"0": made["now"]})
    manifest.save(tmp_path, holds)
    (tmp_path / ".tmp-1").touch()
    (tmp_path / "notes.txt").touch()
    for path in tmp_path.iterdir():
        if "young" not in path.name:
            os.utime(path, (0, 0))

    manifest.sweep(tmp_path, holds)

    left = {"MANIFEST", "MANIFEST.prev", "notes.txt", *(made[kind].name for kind in ("now", "before", "young"))}
    assert set(os.listdir(tmp_path)) == left
    assert manifest.load(tmp_path, deep=True) == (holds, "")


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    """A manifest that is damaged gives way to the one before it, and both to none; what was wrong is said."""
    segment = disk.write_frame(tmp_path, "raw", pl.DataFrame({"x": [1]}))
    first, second = Manifest(), Manifest(days={"d": Day(raw=[segment])})
    manifest.save(tmp_path, first)
    manifest.save(tmp_path, second)
    assert (first.generation, second.generation) == (1, 1)

    (tmp_path / segment.name).unlink()
    assert manifest.load(tmp_path) == (first, f"{segment.name} is damaged or missing")
    path = tmp_path / "MANIFEST"
    path.write_bytes(path.read_bytes().replace(b'"next_unit":0', b'"next_unit":1'))
    assert manifest.load(tmp_path) == (first, "MANIFEST is damaged")
    (tmp_path / "MANIFEST.prev").write_bytes(b"{")
    assert manifest.load(tmp_path) == (Manifest(), "MANIFEST is damaged; MANIFEST.prev is damaged")
