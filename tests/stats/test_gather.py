"""Records of one cell, for what a summary does not keep."""

from lab.model.outcome import Bound
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.units import Nanos
from lab.stats.censored import median
from lab.stats.gather import durations, repetitions
from lab.stats.process import Repetitions


def _record(cell: str, ending: Ending, wall: int, *seen: int, excluded: str = "") -> Record:
    return Record(
        turn=Turn(position=0, block=0, cell=cell),
        termination=Termination(ending=ending),
        started_at_ns=0,
        wall_ns=Nanos(wall),
        observations={"wait_ns": seen},
        excluded=excluded,
    )


_RECORDS = (
    _record("a", Ending.EXIT, 10, 1, 2, 3),
    _record("b", Ending.EXIT, 11, 4),
    _record("a", Ending.EXIT, 12),
    _record("a", Ending.EXIT, 13, 5),
    _record("a", Ending.EXIT, 14, 6, excluded="steal"),
    _record("a", Ending.TIMEOUT, 103, 7),
    _record("a", Ending.OOM, 15, 8),
    _record("c", Ending.TIMEOUT, 104),
)


def test_repetitions_of_usable_replicates() -> None:
    """In the order they came, process by process."""
    assert repetitions(iter(_RECORDS), "a", "wait_ns") == Repetitions([[1, 2, 3], [5]])
    assert repetitions(iter(_RECORDS), "a", "unknown") == Repetitions([])


def test_timeouts_are_longer_than_the_limit() -> None:
    """And a cell that has nothing else is bounded by it."""
    found = durations(iter(_RECORDS), "a", Nanos(100))

    assert found.ended.values == (10, 12, 13)
    assert found.timed_out.values == (100,)
    assert median(durations(iter(_RECORDS), "c", Nanos(100))) == Bound(at_least=100, ended=0, n=1)
