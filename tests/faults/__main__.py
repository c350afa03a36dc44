"""``python -m tests.faults``: do faults to runs of golab, one after the other, and write down what was found.

    python -m tests.faults fake                      # a kill at every point of a run on the fake engine, every other fault at every phase
    python -m tests.faults host docker --scenario all --most 40 --record FILE
    python -m tests.faults page FILE > docs/guarantees.md

As root, because disks are mounted and engines started; the engine that is killed is one of its own.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

from lab import __version__, catalogue, experiment
from lab.bench import selection
from tests.faults import page
from tests.faults.drawing import drawn, every
from tests.faults.fault import Fault, Injected
from tests.faults.injecting import observed, through
from tests.faults.inside import ROOT
from tests.faults.points import PHASES, START
from tests.faults.settings import MISBEHAVE, Setting, private, warmed

_OWN = "misbehave"


def _settings(engine: str, scenarios: list[str], options: list[str]) -> Generator[Setting]:
    """A short run of each scenario, those of golab or the tests' own, with *options* of ``golab run`` besides."""
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(private()) if engine == "docker" else None
        for name in scenarios:
            own = name == _OWN
            cells = ("--runs=4",) if options else ("--only=well", "--only=nonzero", "--runs=4")
            which = cells if own else (f"--only={_first(name)}", "--quick", "--runs=3")
            chosen = Setting(
                scenario=" ".join([name, *options]),
                engine=engine,
                root=MISBEHAVE if own else (),
                command=("run", "scenario", name, *which, "--seed", "7", "--no-calibrate"),
                daemon_at=at,
                options=tuple(options),
            )
            if engine == "fake":
                yield chosen
            else:
                with warmed(chosen) as warm:
                    yield warm


def _first(scenario: str) -> str:
    """The first of a scenario's quick cells: what a fault meets does not depend on how many there are."""
    lab = catalogue.find(ROOT, ROOT)
    return experiment.part_of(lab, scenario, selection.Request(quick=True)).cells[0].id


def _done(given: argparse.Namespace) -> Generator[Injected]:
    named = catalogue.find(ROOT, ROOT).names() if given.scenario == "all" else [given.scenario]
    for engine in given.what:
        for setting in _settings(engine, [*named], given.option or []):
            seen = observed(setting)
            faults = given.fault or setting.faults
            only = given.phase or ()
            blows = (
                every(seen.phases, faults, only)
                if given.most is None
                else drawn(seen.phases, faults, given.most, given.seed, only)
            )
            yield from through(setting, seen, blows)


def _keep(record: Path, line: str) -> None:
    """Append a line; the first one says what the record is made with."""
    if not record.exists():
        release = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=False)
        docker = release.stdout.removeprefix("Docker version ").partition(",")[0]
        made_with = {
            "golab": __version__,
            "Python": platform.python_version(),
            "Linux": os.uname().release,
            "Docker": docker,
        }
        record.write_text(json.dumps({"format": page.FORMAT, **made_with}) + "\n")
    with record.open("a") as file:
        file.write(line + "\n")


def main() -> int:
    """The command line; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", help="fake, host, docker; or page and a record")
    parser.add_argument("--scenario", default=_OWN, help="one, or all of golab's (default: the tests' own)")
    parser.add_argument("--option", action="append", help="of golab run, besides: --option=--fs=bind")
    parser.add_argument("--fault", action="append", type=lambda name: Fault[name.upper()])
    parser.add_argument("--phase", action="append", choices=[START, *PHASES])
    parser.add_argument(
        "--most", type=int, help="so many faults of each scenario on each engine, drawn by --seed"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, help="append a line for each here, too")
    given = parser.parse_args()
    if given.what[0] == "page":
        sys.stdout.write(page.written(Path(given.what[1]).read_text()))
        return 0
    kept = True
    for found in _done(given):
        line = json.dumps(found.as_json())
        print(line, flush=True)  # noqa: T201 - the tool's own output
        kept = kept and not found.wrong
        if given.record:
            _keep(given.record, line)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
