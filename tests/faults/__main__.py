"""``python -m tests.faults``: do faults to runs of golab, one after the other, and write down what was found.

    python -m tests.faults fake --points every                   # kills at every point of a run, every other fault in every phase
    python -m tests.faults host docker --scenario all --record FILE     # every fault in every phase, at a point that is drawn
    python -m tests.faults host --scenario all --most 40                # a sample of them
    python -m tests.faults host --scenario mmap-large --calibrates --phase calibrate
    python -m tests.faults fake host --second resume                    # faults to a golab that goes on with a run that was killed
    python -m tests.faults page FILE > docs/guarantees.md

What the record has is not done again, unless a promise was broken then; so whoever was stopped goes on. As root, because disks are mounted and engines started; the
engine that is killed is one of its own.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Generator
from pathlib import Path

from lab import catalogue, experiment
from lab.bench import selection
from tests.faults import page, recorded
from tests.faults.drawing import EVERY, drawn, every
from tests.faults.fault import Fault, Injected
from tests.faults.injecting import observed, through
from tests.faults.inside import ROOT
from tests.faults.points import PHASES, START
from tests.faults.recorded import RecordError
from tests.faults.settings import CLEAN, MISBEHAVE, RESUME, Setting, private, warmed

_ENGINES = ("fake", "host", "docker")
_OWN = "misbehave"
_SLOW = frozenset({"hello-static"})
"""What takes a minute a replicate, so that all faults to it would take a day: none of ``all``."""


def _settings(engine: str, scenarios: list[str], given: argparse.Namespace) -> Generator[Setting]:
    """A short run of each scenario, those of golab or the tests' own, with options of ``golab run`` besides."""
    options = given.option or []
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(private()) if engine == "docker" else None
        for name in scenarios:
            means = filter(None, ("calibrating" * given.calibrates, "cold builds" * given.cold, given.second))
            chosen = Setting(
                scenario=" ".join([name, *options, *(f"({each})" for each in means)]),
                engine=engine,
                root=MISBEHAVE if name == _OWN else (),
                command=("run", "scenario", name, *_cells(name, options), "--seed", "7"),
                calibrates=given.calibrates,
                builds=given.cold,
                second=given.second,
                daemon_at=at,
                options=tuple(options),
                silence=given.patience,
            )
            if engine == "fake" or given.cold:
                yield chosen
            else:
                with warmed(chosen) as warm:
                    yield warm


def _cells(scenario: str, options: list[str]) -> tuple[str, ...]:
    """Which cells of it, and how often: few, where the *options* do not choose them."""
    if scenario == _OWN:
        return ("--runs=4",) if options else ("--only=well", "--only=nonzero", "--runs=4")
    if any(option.startswith("--set") for option in options):
        return ("--runs=3",)
    return (f"--only={_first(scenario)}", "--quick", "--runs=3")


def _first(scenario: str) -> str:
    """The first of a scenario's quick cells: what a fault meets does not depend on how many there are."""
    lab = catalogue.find(ROOT, ROOT)
    return experiment.part_of(lab, scenario, selection.Request(quick=True)).cells[0].id


def _done(given: argparse.Namespace, done: set[recorded.Key]) -> Generator[Injected]:
    every_name = [name for name in catalogue.find(ROOT, ROOT).names() if name not in _SLOW]
    named = every_name if given.scenario == "all" else given.scenario.split(",")
    for engine in given.what:
        for setting in _settings(engine, named, given):
            seen = observed(setting)
            faults = given.fault or setting.faults
            only = given.phase or ()
            blows = (
                every(seen.phases, faults, only)
                if given.points == EVERY
                else drawn(seen.phases, faults, given.most, given.seed, only)
            )
            left = [blow for blow in blows if recorded.key(setting, blow) not in done]
            yield from through(setting, seen, left)


def main() -> int:
    """The command line; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", help="fake, host, docker; or page and a record")
    parser.add_argument(
        "--scenario",
        default=_OWN,
        help="some, with commas, or all of golab's but the slow ones (default: the tests' own)",
    )
    parser.add_argument("--option", action="append", help="of golab run, besides: --option=--fs=bind")
    parser.add_argument("--fault", action="append", type=lambda name: Fault[name.upper()])
    parser.add_argument("--phase", action="append", choices=[START, *PHASES])
    parser.add_argument(
        "--points",
        choices=["drawn", EVERY],
        default="drawn",
        help="of a phase, for kills: one that is drawn, or every",
    )
    parser.add_argument(
        "--most", type=int, default=1_000_000, help="so many faults of each scenario on each engine"
    )
    parser.add_argument("--calibrates", action="store_true", help="have each run calibrate first")
    parser.add_argument("--cold", action="store_true", help="have each run build its programs")
    parser.add_argument(
        "--second",
        choices=[RESUME, CLEAN],
        default="",
        help="what comes after a kill: a golab that goes on and is hit itself; one that cleans up before",
    )
    parser.add_argument("--patience", type=float, default=1.0, help="seconds that an agent goes on alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="append a line for each here, too")
    given = parser.parse_args()
    try:
        if given.what[0] == "page":
            sys.stdout.write(_page(given.what[1:]))
            return 0
        if unknown := {*given.what} - {*_ENGINES}:
            parser.error(f"no engine is called {', '.join(sorted(unknown))}")
        done = recorded.done(recorded.opened(given.record))
    except RecordError as error:
        parser.error(str(error))
    kept = True
    for found in _done(given, done):
        print(json.dumps(found.as_json()), flush=True)  # noqa: T201 - the tool's own output
        kept = kept and not found.wrong
        if given.record:
            recorded.keep(given.record, [found.as_json()])
    return 0 if kept else 1


def _page(records: list[str]) -> str:
    """What `docs/guarantees.md` is to say. RecordError where not one record is named, or it cannot be read."""
    if len(records) != 1:
        raise RecordError("a page is of one record: python -m tests.faults page FILE")
    try:
        return page.written(Path(records[0]).read_text())
    except OSError as error:
        raise RecordError(f"{records[0]}: cannot be read: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
