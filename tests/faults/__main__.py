"""``python -m tests.faults``: do faults to runs of golab, one after the other, and write down what was found.

python -m tests.faults fake --every 1 --record FILE
"""

import argparse
import contextlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from lab.cli import app  # noqa: F401 - imported before the first fork, as all that it takes is
from lab.engine import daemon
from lab.model.run import Record
from lab.store import Store
from tests.faults.fault import WHERE, Fault, Injected
from tests.faults.injecting import ended, inject, phases
from tests.faults.inside import Blow
from tests.faults.settings import MISBEHAVE, Setting

_WARM: Final = ("lab.pipeline", "lab.publish", "lab.report.terminal", "lab.cli.compare")


def setting(engine: str, scenario: str, *, place: daemon.Places | None = None) -> Setting:
    """A short run of *scenario* on *engine*: of the tests' own, or one of golab's."""
    if scenario == "misbehave":
        root, which = MISBEHAVE, ("--only", "well", "--only", "nonzero", "--runs", "4")
    else:
        root, which = (), ("--quick", "--runs", "2")
    return Setting(
        scenario=scenario,
        engine=engine,
        root=root,
        command=(
            "run",
            "scenario",
            scenario,
            *which,
            "--seed",
            "7",
            "--no-calibrate",
            "--engine",
            "docker" if place else "host",
        ),
        daemon_at=place,
    )


@contextlib.contextmanager
def private() -> Generator[daemon.Places]:
    """An engine of its own, which may be killed."""
    with tempfile.TemporaryDirectory(prefix="golab-") as above:
        place = daemon.Places(Path(above) / "e")
        daemon.up(place, print)
        try:
            yield place
        finally:
            daemon.down(place, print)


@contextlib.contextmanager
def warmed(setting: Setting) -> Generator[Setting]:
    """The same, with a cache that has its binaries: they are the same whichever engine makes them."""
    maker = replace(setting, engine="host", daemon_at=None, command=(*setting.command[:-1], "host"))
    with maker.world() as world, tempfile.TemporaryDirectory(prefix="faults-") as kept:
        done = ended(maker, world, maker.run(world))
        assert done.code in (0, 6), done.said
        shutil.copytree(world.home / "cache/golab", Path(kept) / "golab", symlinks=True)
        yield replace(setting, warm=Path(kept) / "golab")


def through(
    setting: Setting, faults: list[Fault], *, most: int | None, seed: int, only=None
) -> Iterator[Injected]:
    """Each fault at each point of a run, or at *most* so many of all that are drawn by *seed*."""
    with setting.world() as world:
        done = ended(setting, world, setting.run(world))
        assert done.code in (0, 6), done.said
        points = phases(world)
        (folder,) = Store(world.home / "results").runs()
        whole: tuple[Record, ...] = tuple(folder.records()) if setting.engine == "fake" else ()
    pairs = [
        (fault, number)
        for fault in faults
        for number in range(1, len(points) + 1)
        if (not only or points[number - 1] in only) and points[number - 1] in WHERE.get(fault, points)
    ]
    if most is not None and most < len(pairs):
        pairs = sorted(random.Random(seed).sample(pairs, most))
    for fault, number in pairs:
        yield inject(setting, Blow(fault=fault, number=number), points, whole)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["fake", "host", "docker"])
    parser.add_argument("scenario", nargs="?", default="misbehave")
    parser.add_argument("--phase", action="append")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--fault", action="append", type=lambda name: Fault[name.upper()])
    parser.add_argument("--most", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    for name in _WARM:
        __import__(name)
    wrong = 0
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(private()) if given.engine == "docker" else None
        chosen = setting(given.engine, given.scenario, place=place)
        if given.engine != "fake" and not given.cold:
            chosen = stack.enter_context(warmed(chosen))
        for found in through(
            chosen, given.fault or [Fault.KILL], most=given.most, seed=given.seed, only=given.phase
        ):
            wrong += _told(found, given.record)
    return min(wrong, 1)


def _told(found, record):
    line = json.dumps(found.as_json())
    print(line, flush=True)
    if record:
        with record.open("a") as file:
            file.write(line + "\n")
    return bool(found.wrong)


if __name__ == "__main__":
    sys.exit(main())
