"""Many cases of one test: a test of its own costs milliseconds, a case of a pure function microseconds."""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from typing import Any


def each(name: str, values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test on every value of one argument, as `parametrize` would but as one test; each value that fails is named.

    Fixtures are the same for all values, so it is for tests that change nothing.
    """
    cases = list(values)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def every(**given: Any) -> None:
            failed = [error for value in cases if (error := _failure(test, name, value, given))]
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(cases)} cases of {name}", failed)

        own = signature(test)
        every.__signature__ = own.replace(parameters=[p for p in own.parameters.values() if p.name != name])  # type: ignore[attr-defined]  # read by pytest
        return every

    return decorate


def _failure(test: Callable[..., None], name: str, value: Any, given: dict[str, Any]) -> Exception | None:
    try:
        test(**{name: value}, **given)
    except Exception as error:  # noqa: BLE001 - told with the others
        error.add_note(f"{name} = {value!a}")
        return error
    return None
