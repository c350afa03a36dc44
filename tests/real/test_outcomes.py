"""Real programs and their simulated twins come to the same end: exit, panic, deadlock or hang, in Go's words.

The expectations stand once, with the twins; a program's end in real Go and its twin's are each held to them.
"""

import subprocess
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from lab.sim import ms
from tests.real.case import STILL_RUNNING, Case, cases_of
from tests.real.twins import deadlocks, exits, panics, threads, timers

pytestmark = pytest.mark.slow

_CASES: Final = [case for module in (deadlocks, exits, panics, threads, timers) for case in cases_of(module)]
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
def real(commands: Path) -> Generator[dict[tuple[str, int], Future[Ended]]]:
    """The end of each case at each GOMAXPROCS; most of them only wait, so many run at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield {
            (case.name, procs): pool.submit(_end, commands / case.command, case.name, procs)
            for case in _CASES
            for procs in case.ends
        }


def _end(command: Path, name: str, procs: int) -> Ended:
    start = time.monotonic()
    with subprocess.Popen(
        [command, name], env={"GOMAXPROCS": str(procs)}, stderr=subprocess.PIPE, text=True
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
@pytest.mark.parametrize("procs", threads.locked_goroutines_exit.ends)
def test_the_thread_of_a_goroutine_that_exits_locked_ends(
    real: dict[tuple[str, int], Future[Ended]], procs: int
) -> None:
    """Twenty goroutines had a thread each; soon after few threads are left."""
    case = threads.locked_goroutines_exit

    assert int(real[case.name, procs].result().first_line) <= _MOST_THREADS
    assert case.simulated(procs).statistics.threads <= _MOST_THREADS
