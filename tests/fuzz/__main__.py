"""Fuzz for so many seconds: `python -m tests.fuzz --seconds 60`. What is found is kept, and exits 1."""

import argparse
import faulthandler
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.targets import keep, targets

SLOW = 5.0
"""Seconds of CPU that no case may take."""


def main() -> int:
    """Run targets in turn until the time is up, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    asked = parser.parse_args()
    faulthandler.enable()
    random, every = Random(asked.seed), list(targets())
    until, ran, found = time.monotonic() + asked.seconds, Counter[str](), {}
    while time.monotonic() < until:
        target = random.choice(every)
        data, began = target.mutant(random), time.process_time()
        try:
            target.run(data)
            wrong = "slow" if time.process_time() - began > SLOW else ""
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
            if isinstance(error, KeyboardInterrupt):
                break
            wrong = f"{type(error).__name__}: {str(error)[:150]}"
        ran[target.name] += 1
        if wrong and wrong not in found:
            found[wrong] = keep(target.name, data)
            print(f"{target.name}: {wrong!r}\n  {found[wrong]}", flush=True)
    print(f"seed {asked.seed}: {ran.total():,} runs of {len(ran)} targets, {len(found)} found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
