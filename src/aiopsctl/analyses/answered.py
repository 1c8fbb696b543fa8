"""From an analysis to the answer of its command."""

from msgspec.structs import replace

from aiopsctl.analyses.analysis import Analysis, Answer, Asked
from aiopsctl.measure import Scope
from aiopsctl.result import Result
from aiopsctl.sources.log import Log
from aiopsctl.views import nothing_found, refused, view


def answered(name: str, analysis: Analysis, asked: Asked) -> tuple[Result, Answer]:
    """Return the answer of `scale NAME`, and what the analysis itself said: nothing where there are no rows."""
    base = _base(name, analysis, asked.log, asked.scope)
    if base.exit_code:
        return base, Answer({})
    answer = analysis.run(asked)
    result = replace(
        base, extra={name.replace("-", "_"): dict(answer.data)}, sections=answer.sections,
        records=[dict(each) for each in answer.records], notes=[*base.notes, *answer.notes],
    )  # fmt: skip
    return (refused(result, answer.refused) if answer.refused else result), answer


def _base(name: str, analysis: Analysis, log: Log, scope: Scope) -> Result:
    result = view(f"scale {name}", analysis.metrics, log, scope)
    notes = list(log.account.notes)
    if not result.data.rows_used:
        return refused(replace(result, notes=notes), nothing_found(log, scope))
    return replace(result, exit_code=0, notes=notes)
