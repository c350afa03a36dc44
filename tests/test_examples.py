"""What the examples teach is what comes out. Go 1.27.3 gave the same orders, and times within a factor of two."""

from pathlib import Path
from typing import Any, Final

import pytest

from lab.sim import Result, load, ms, simulate, us

_EXAMPLES: Final = Path(__file__).parents[1] / "examples"


def _run(
    name: str, *, gomaxprocs: int = 1, cpus: int = 2, quota: float | None = None, **params: Any
) -> Result:
    names = load(_EXAMPLES / f"{name}.py")
    result = simulate(
        names["main"],
        gomaxprocs=gomaxprocs,
        cpus=cpus,
        quota=quota,
        params=params,
        inits=names.get("INITS", ()),
    )
    assert (result.outcome, result.message) == ("exit", "")
    return result


@pytest.mark.parametrize(
    ("woken_by", "order"),
    [("go", [4, 0, 1, 2, 3]), ("close", [0, 4, 3, 2, 1]), ("waitgroup", [4, 0, 1, 2, 3])],
)
def test_the_last_made_runnable_runs_first(woken_by: str, order: list[int]) -> None:
    """Each wake-up takes the runnext of the one before; close wakes from the last waiter to the first."""
    seen = _run("next_in_line", woken_by=woken_by).observations

    assert order == [value for (value,) in seen.values()]


def test_a_locked_round_trip_is_a_hundred_times_dearer() -> None:
    """Two threads are woken for each question, instead of none."""
    seen = _run("locked_in_init").observations

    assert seen["in_init_ns"][0] > 50 * seen["in_main_ns"][0]


def test_a_short_sleep_is_short_beside_work() -> None:
    """A scheduler that has work looks at its timers; one that waits in epoll does so for a millisecond."""
    alone, beside = (_run("short_sleep", beside=it).observations["slept_ns"] for it in ("nothing", "worker"))

    assert ms(1) < min(alone) < ms(1.2)
    assert us(10) < max(beside) < us(20)


def test_a_p_is_given_away_once_from_a_system_call_and_never_from_faults() -> None:
    """So one turn is late, or all of them."""
    syscall, fault = (_run("syscall_or_fault", how=how).observations for how in ("syscall", "fault"))

    assert len(syscall["late_turn_ns"]) == 1
    assert ms(10) < syscall["late_turn_ns"][0] < ms(22)
    assert len(syscall["turn_ns"]) - len(fault["turn_ns"]) > 70
    assert ms(19) < max(fault["late_turn_ns"]) < ms(22)


def test_a_mutex_is_handed_over_after_a_millisecond() -> None:
    """Except at one P, where nobody can ask for it before the greedy one's slice has ended."""
    one, two = (_run("greedy_lock", gomaxprocs=p).observations["waited_ns"] for p in (1, 2))

    assert ms(10) < max(one) < ms(22)
    assert sorted(one)[10] < us(1)
    assert ms(1) < min(two) < max(two) < ms(1.2)


def test_readers_wait_behind_a_waiting_writer() -> None:
    """Until the first reader and then the writer have let go."""
    without, behind = (
        _run("waiting_writer", gomaxprocs=2, writer=it).observations["second_reader_waited_ns"]
        for it in (False, True)
    )

    assert without[0] < us(1)
    assert ms(34) < behind[0] < ms(37)


@pytest.mark.slow
def test_a_slice_is_two_wakings_of_sysmon() -> None:
    """Of 10 ms and a little each."""
    turns = _run("time_slice").observations["turn_ns"]

    assert ms(20) < sorted(turns)[len(turns) // 2] < ms(21)
    assert len(turns) > 40


@pytest.mark.slow
def test_half_a_cpu_makes_requests_late_that_ask_for_less() -> None:
    """None without the quota at 8 Ps; with it some at any GOMAXPROCS, for most of a period; none where the work is spread."""

    def late(procs: int, quota: float | None, **how: bool) -> tuple[int, ...]:
        seen = _run("half_a_cpu", gomaxprocs=procs, cpus=8, quota=quota, **how).observations
        assert len(seen["request_ns"]) + len(seen.get("late_request_ns", ())) == 300
        return seen.get("late_request_ns", ())

    assert late(8, None) == ()
    for procs in (8, 2, 1):
        some = late(procs, 0.5)
        assert 15 < len(some) < 75
        assert max(some) > ms(50)
        assert late(procs, 0.5, spread=True) == ()


def test_files_that_open_fast_keep_the_p_and_slow_ones_give_it_away() -> None:
    """The other goroutine waits for a thousand opens of 4 µs, or for a part of one of 150.

    Tried with go1.27.3 beside other work, six times each: known 6 to 14 ms and once 0.9; new 0.04 to 1 ms and twice more.
    """
    known, new = (_run("opening_files", names=names).observations for names in ("known", "new"))

    assert ms(4) < known["waited_ns"][0] < ms(10.5)
    assert new["waited_ns"][0] < 2 * max(new["open_ns"])
    assert sum(new["open_ns"]) > 20 * sum(known["open_ns"])
