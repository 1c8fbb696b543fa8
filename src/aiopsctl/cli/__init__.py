"""Commands: parse, call one function, print, exit. Nothing heavy is imported before a command runs.

What is set here holds before anything else of the program is imported.
"""

import gc
import os

_UNCOLLECTED = 200_000
"""New objects until cycles are searched for: imports make many objects, none of them garbage."""

gc.set_threshold(_UNCOLLECTED)
os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # NumPy's matrices have a row a day here: threads only cost their start
