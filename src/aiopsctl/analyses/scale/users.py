"""Who makes the cost: how concentrated it is, and what the heaviest users do."""

from aiopsctl.analyses.analysis import Analysis, Answer, Asked, Option
from aiopsctl.result import Section


def _run(asked: Asked) -> Answer:
    return Answer({"top": asked.options["top"]}, (Section("users", ("a",), ((1,),)),))


ANALYSIS = Analysis(_run, options=(Option("--top", 10, "How many of the heaviest users are shown.", "N"),))
