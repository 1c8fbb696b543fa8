"""Kills a process while it brings a store up to a growing log, and counts the rows lost or doubled afterwards.

`python tests/store_kills.py --kills 1000`
"""

import argparse
import multiprocessing
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from store_world import Writer, assert_equal, by_store, lines

_LONGEST = 0.25


def work(folder: Path) -> None:
    """Bring the store up to its log, again and again."""
    while True:
        by_store(folder / "store", folder / "logs")
        (folder / "ready").touch()


def killed(kills: int, seed: int) -> int:
    """Kill an update so many times while its log grows, and return how often the store was wrong afterwards."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["store_kills"])
    rng, wrong = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        writer = Writer(folder / "logs", rng, lines(60, seed))
        writer.append()
        for i in range(kills):
            if len(writer.rest) < 30:
                writer.rest += [line.replace(b'"r', f'"k{i}r'.encode()) for line in lines(60, i)]
            process = context.Process(target=work, args=(folder,))
            process.start()
            end = time.monotonic() + rng.uniform(0, _LONGEST)
            while time.monotonic() < end:
                rng.choice((Writer.append, Writer.append, Writer.rotate))(writer)
                time.sleep(rng.uniform(0, 0.05))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            if i % 5 == 0 or i == kills - 1:
                try:
                    assert_equal(folder / "store", folder / "logs")
                except AssertionError as error:
                    wrong += 1
                    print(error, file=sys.stderr)
    return wrong


def main() -> None:
    """Print how many kills there were, and how many stores were wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    wrong = killed(given.kills, given.seed)
    print(f"{given.kills:,} kills, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
