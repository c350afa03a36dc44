"""What the overlay writes beside schedtrace: lines of METRICS, among all else on standard error."""

import pytest

from lab.golang.sampled import observed, read

_FIRST = "METRICS 1000ns: goroutines=1 gc=0 mutexwait=0 latencies=[ ]"
_SECOND = "METRICS 2000ns: goroutines=6 gc=1 mutexwait=400 latencies=[ 64:3 128:1 ]"
_THIRD = "METRICS 3000ns: goroutines=5 gc=1 mutexwait=400 latencies=[ 64:3 128:1 4096:1 ]"


def test_a_line_is_an_instant_and_what_was_counted_until_then() -> None:
    """Everything else on the stream is somebody else's."""
    found = read(f"SCHED 0ms: …\n{_SECOND}\nMETRICSX\nhello METRICS 1ns:\n")

    assert found.unread == ()
    (sample,) = found.samples
    assert (sample.at_ns, sample.goroutines, sample.collections, sample.mutex_wait_ns) == (2000, 6, 1, 400)
    assert sample.latencies == {64: 3, 128: 1}


def test_what_lies_between_two_lines_is_their_difference() -> None:
    """Of a time in which nothing was counted there is no quantile: its count is 0."""
    found = observed("\n".join((_FIRST, _SECOND, _SECOND.replace("2000", "2500"), _THIRD)))

    assert found == {
        "metrics_unread": (0,),
        "sampled_at": (1000, 2000, 2500, 3000),
        "goroutines_sampled": (1, 6, 6, 5),
        "collections": (0, 1, 1, 1),
        "mutex_wait_ns": (0, 400, 400, 400),
        "waits": (0, 4, 0, 1),
        "wait_p50_ns": (0, 64, 0, 4096),
        "wait_p99_ns": (0, 128, 0, 4096),
        "runnable_p50_ns": (64,),
        "runnable_p99_ns": (4096,),
    }


@pytest.mark.parametrize(
    "line",
    [
        "METRICS 1000ns: goroutines=1 gc=0",
        "METRICS 1000ns: goroutines=1 gc=0 mutexwait=0 heap=7 latencies=[ ]",
        "METRICS 1000ns: goroutines=-1 gc=0 mutexwait=0 latencies=[ ]",
        f"METRICS {'9' * 40}ns: goroutines=1 gc=0 mutexwait=0 latencies=[ ]",
        "METRICS 1000ns: goroutines=1 gc=0 mutexwait=0 latencies=[ 64: ]",
    ],
)
def test_another_format_is_told_and_the_rest_goes_on(line: str) -> None:
    """A line that nobody knows costs itself and no other."""
    found = read(f"{_FIRST}\n{line}\n{_THIRD}\n")

    assert [sample.at_ns for sample in found.samples] == [1000, 3000]
    assert found.unread == (line[:120],)
    assert observed(line) == {"metrics_unread": (1,)}


@pytest.mark.parametrize(
    "before", ["SCHED 10ms: gomaxprocs=4 idle", "progress: 10 %", "SCHED 10ms: METRICS "]
)
def test_a_line_behind_a_torn_one_is_read(before: str) -> None:
    """It is one write, whole, wherever somebody else's line has been begun."""
    found = read(f"{_FIRST}\n{before}{_SECOND}\nprocs=1\n{_THIRD}\n")

    assert [sample.at_ns for sample in found.samples] == [1000, 2000, 3000]
    assert found.unread == ()


def test_what_is_not_whole_within_a_line_of_schedtrace_is_told() -> None:
    """It is lost, and counted."""
    found = read(f"SCHED 10ms: gomax{_SECOND[:40]}\n{_THIRD}\n")

    assert [sample.at_ns for sample in found.samples] == [3000]
    assert found.unread == (_SECOND[:40],)


def test_nothing_is_nothing() -> None:
    """A program that was not looked at has no observations."""
    assert observed("panic: no\n") == {}


def test_a_life_without_a_time_to_run_has_no_quantile() -> None:
    """It is none, not nought."""
    assert "runnable_p50_ns" not in observed(_FIRST)
