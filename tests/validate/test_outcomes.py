"""Real programs and their simulated twins come to the same end: exit, panic, deadlock or hang, in Go's words.

The expectations stand once, with the twins; a program's end in real Go and its twin's are each held to them.
"""

import subprocess
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from lab import manifest
from lab.model.matrix import default_cells
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.scenario import GOMAXPROCS
from lab.model.units import Nanos
from lab.report.rules import end_lines
from lab.sim import ms
from lab.validate.oracle import judged_case, judged_chance
from lab.validate.outcome import STILL_RUNNING, Case, cases_in, chances_in

pytestmark = pytest.mark.slow

_TWINS: Final = Path(__file__).parents[2] / "scenarios/validate/outcomes"
_NAMED: Final = cases_in(_TWINS)
_CASES: Final = list(_NAMED.values())
_CHANCES: Final = chances_in(_TWINS)
_RUNS: Final = [
    pytest.param(case, procs, id=f"{case.name}-{procs}") for case in _CASES for procs in case.ends
]
_PATIENCE_SECONDS: Final = 1.5
_AT_ONCE: Final = 16
_SIMULATED_SLACK_NS: Final = ms(2)
_SIMULATED_EARLY_NS: Final = ms(1)
"""A poller's wait is cut to whole milliseconds: real Go, too, tells of an abandoned timer at 499.6 to 501 of 500 ms."""
_EARLY: Final = 0.9
_LATE_SECONDS: Final = 0.3
_MOST_THREADS: Final = 10
"""After twenty that ended: the first, sysmon, the template thread, one or two a P."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a real process ended; no exit code: it was still running."""

    exit_code: int | None
    first_line: str
    seconds: float


@pytest.fixture(scope="session")
def real(built: Callable[[str], Path]) -> Generator[dict[tuple[str, int], Future[Ended]]]:
    """The end of each case at each GOMAXPROCS; most of them only wait, so many run at once."""
    commands = {case.command: built(case.command) for case in _CASES}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {
            (case.name, procs): pool.submit(_end, commands[case.command], case.name, procs)
            for case in _CASES
            for procs in case.ends
        }


def _end(command: Path, name: str, procs: int) -> Ended:
    start = time.monotonic()
    with subprocess.Popen(
        [command, f"-program={name}"],
        env={"GOMAXPROCS": str(procs), "LAB_FD": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            _, said = process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return Ended(None, "", time.monotonic() - start)
    return Ended(process.returncode, said.partition("\n")[0], time.monotonic() - start)


@pytest.mark.go
@pytest.mark.parametrize(("case", "procs"), _RUNS)
def test_a_real_program_ends_as_its_case_says(
    real: dict[tuple[str, int], Future[Ended]], case: Case, procs: int
) -> None:
    """Exit code, Go's first line, and roughly when."""
    expected, ended = case.ends[procs], real[case.name, procs].result()

    assert ended.exit_code == expected.exit_code, ended
    assert not expected.message or ended.first_line == expected.message
    assert not expected.at_ms or any(
        at / 1e3 * _EARLY <= ended.seconds <= at / 1e3 + _LATE_SECONDS for at in expected.at_ms
    )


@pytest.mark.parametrize(("case", "procs"), _RUNS)
def test_its_twin_ends_as_its_case_says(case: Case, procs: int) -> None:
    """Outcome, exit code, Go's first line, and when to within two milliseconds."""
    expected, result = case.ends[procs], case.simulated(procs)

    assert result.outcome in expected.outcomes, result.message
    assert result.exit_code == expected.exit_code
    assert result.outcome in STILL_RUNNING or result.message == expected.message
    if expected.at_ms:
        assert result.wall_ns is not None
        assert any(
            -_SIMULATED_EARLY_NS <= result.wall_ns - ms(at) <= _SIMULATED_SLACK_NS for at in expected.at_ms
        )


@pytest.mark.go
@pytest.mark.parametrize("procs", _NAMED["locked_goroutines_exit"].ends)
def test_the_thread_of_a_goroutine_that_exits_locked_ends(
    real: dict[tuple[str, int], Future[Ended]], procs: int
) -> None:
    """Twenty goroutines had a thread each; soon after few threads are left."""
    case = _NAMED["locked_goroutines_exit"]

    assert int(real[case.name, procs].result().first_line) <= _MOST_THREADS
    assert case.simulated(procs).statistics.threads <= _MOST_THREADS


@pytest.mark.go
@pytest.mark.parametrize("name", [name for name, each in _CHANCES.items() if each.exact])
@pytest.mark.parametrize("procs", [1, 2])
def test_chance_ends_a_real_program_as_often_as_its_twin(
    built: Callable[[str], Path], name: str, procs: int
) -> None:
    """Forty processes; wrong by chance in fewer than one of ten thousand runs of the test: the whole 95 % interval is off by 0.15."""
    records = [_record(_end(built("outcomes"), name, procs)) for _ in range(40)]

    found = judged_chance(_CHANCES[name], procs, records, None)

    assert found.holds, found


@pytest.mark.parametrize("name", [name for name, each in _CHANCES.items() if not each.exact])
def test_a_race_is_foretold_to_go_either_way(name: str) -> None:
    """With one P it has one end, with two both, but for what the timers' own order decides."""
    ends = {procs: set(_CHANCES[name].simulated(procs, costs=None, repetitions=60)) for procs in (1, 2)}

    assert len(ends[1]) == 1
    assert len(ends[2]) == (1 if name == "done_or_too_late" else 2)


def test_the_oracle_has_many_programs_and_each_has_its_cells() -> None:
    """At least 30; those of the manifests are those of the twins."""
    cells = {
        (cell.text("program"), int(cell.text(GOMAXPROCS)))
        for name in ("outcomes", "masked")
        for cell in default_cells(manifest.load(_TWINS.parent / f"{name}.toml"))
    }
    wanted = {(case.name, procs) for case in _CASES for procs in case.ends}

    assert cells == wanted | {(each.name, procs) for each in _CHANCES.values() for procs in each.procs}
    assert len(_CASES) >= 30


def test_an_end_is_judged_by_what_it_is_and_what_it_says() -> None:
    """A replicate that ends otherwise is wrong, so is another text; nothing measured is nothing known."""
    case = _NAMED["receive_and_nobody_sends"]
    asleep = "fatal error: all goroutines are asleep - deadlock!"
    dead, gone = _record(Ended(2, asleep, 0.0)), _record(Ended(0, "", 0.0))
    other = replace(dead, termination=replace(dead.termination, detail="fatal error: another"))

    right, wrong, worded = (
        judged_case(case, 1, records) for records in ([dead, dead], [dead, gone], [other])
    )

    assert right.holds
    assert right.real == {"deadlock": 2}
    assert wrong.wrong == "1 ended in exit"
    assert worded.wrong == "says 'fatal error: another'"
    assert judged_case(case, 1, []).wrong == "nothing was measured"
    lines = list(end_lines([right, wrong]))
    assert lines[0].startswith("WRONG: receive_and_nobody_sends at GOMAXPROCS 1: 1 ended in exit: ")
    assert lines[-1].startswith("1 of 2 cells end as predicted (2 deadlock)")


def test_a_share_is_wrong_where_the_whole_interval_is_off() -> None:
    """Of a coin forty heads are too many, twenty-four are not."""
    heads, tails = (
        _record(Ended(code, "fatal error: all goroutines are asleep - deadlock!", 0.0)) for code in (0, 2)
    )
    chance = _CHANCES["select_of_two_ready"]

    fair, false = (
        judged_chance(chance, 1, [heads] * count + [tails] * (40 - count), None) for count in (24, 40)
    )

    race = judged_chance(_CHANCES["signal_too_early"], 1, [heads] * 40, None)

    assert fair.holds
    assert false.wrong.startswith("a share is off by ")
    assert false.fails
    assert (race.holds, race.fails) == (False, False)
    assert any(line.startswith("OFF, by a race: signal_too_early") for line in end_lines([race]))
    assert any("select_of_two_ready" in line for line in end_lines([fair]))


def _record(ended: Ended) -> Record:
    """As the lab has it of a replicate."""
    endings = {0: Ending.EXIT, None: Ending.TIMEOUT}
    ending = endings.get(ended.exit_code, Ending.EXIT_NONZERO)
    if "deadlock!" in ended.first_line and ended.exit_code:
        ending = Ending.DEADLOCK
    return Record(
        turn=Turn(position=0, block=0, cell="any"),
        termination=Termination(ending=ending, exit_code=ended.exit_code, detail=ended.first_line),
        started_at_ns=0,
        wall_ns=Nanos(round(ended.seconds * 1e9)),
    )
