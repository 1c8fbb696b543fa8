"""The account of one source as JSON keeps it, and back; places are told by the file's name of today."""

from collections import Counter
from typing import Any

from msgspec.structs import asdict

from aiopsctl.sources.log import Account, FileRead
from aiopsctl.store.manifest import Unit

_PAIRS = ("contradictions", "contradiction_places")


def kept(account: Account) -> dict[str, Any]:
    """Return an account as JSON can hold it."""
    found = asdict(account)
    found = {name: dict(value) if isinstance(value, Counter) else value for name, value in found.items()}
    for name in _PAIRS:
        found[name] = [[*key, value] for key, value in found[name].items()]
    found["read"] = [asdict(each) for each in account.read]
    found["filled_by"] = {column: sorted(formats) for column, formats in account.filled_by.items()}
    return found


def account_of(unit: Unit, shown: str) -> Account:
    """Return the account of a source, in which its places begin with the name that is shown now."""
    told = dict(unit.account)
    for name in _PAIRS:
        told[name] = {(rule, source): value for rule, source, value in told[name]}
    told["filled_by"] = {column: set(formats) for column, formats in told["filled_by"].items()}
    told["read"] = [FileRead(**each) for each in told["read"]]
    found = Account(**told)
    for name, blank in asdict(Account()).items():
        if isinstance(blank, Counter):
            setattr(found, name, Counter(getattr(found, name)))
    return found if shown == unit.shown else _renamed(found, unit.shown, shown)


def _renamed(account: Account, before: str, now: str) -> Account:
    def own(place: str) -> str:
        return now + place.removeprefix(before) if place.startswith(before) else place

    for name in ("reason_places", "field_places", "contradiction_places"):
        setattr(account, name, {key: own(place) for key, place in getattr(account, name).items()})
    account.examples = [own(each) for each in account.examples]
    account.zoneless = own(account.zoneless)
    account.read = [FileRead(now, *list(asdict(each).values())[1:]) for each in account.read]
    return account


def together(account: Account, other: Account) -> Account:
    """Return the account of a source after more of it was read."""
    account.add(other)
    account.files, account.sources = 1, other.sources
    account.read = [_one(account.read)]
    return account


def _one(read: list[FileRead]) -> FileRead:
    since = min((each.since for each in read if each.since), default=None)
    until = max((each.until for each in read if each.until), default=None)
    rows, rejected = sum(each.rows for each in read), sum(each.rejected for each in read)
    return FileRead(read[0].path, read[0].source, rows, rejected, since, until)
