"""Commands: parse, call one function, print, exit. Nothing heavy is imported before a command runs."""

import gc

_UNCOLLECTED = 200_000
"""New objects until cycles are searched for: imports make many objects, none of them garbage."""

gc.set_threshold(_UNCOLLECTED)
