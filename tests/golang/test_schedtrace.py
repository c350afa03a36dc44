"""Lines of schedtrace are read in the forms of all releases, among whatever else a program prints."""

import pytest

from lab.golang.schedtrace import Sample, Series, observations, read

_OLD = "SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=4 spinningthreads=0 needspinning=1 idlethreads=2 runqueue=3 [0 17]"
"""Go 1.22 to 1.24."""
_NEW = f"{_OLD.removesuffix('[0 17]')}[ 0 17 ] schedticks=[ 5 9 ]"
"""Go 1.25 to 1.27."""


@pytest.mark.parametrize(("line", "ticks"), [(_OLD, ()), (_NEW, (5, 9))])
def test_a_line_is_read_in_each_release_s_form(line: str, ticks: tuple[int, ...]) -> None:
    """Fields by the runtime's own names."""
    expected = Sample(
        at_ms=0,
        gomaxprocs=2,
        idleprocs=1,
        threads=4,
        spinningthreads=0,
        needspinning=1,
        idlethreads=2,
        runqueue=3,
        local=(0, 17),
        schedticks=ticks,
    )

    assert read(f"hello\n{line}\nSCHEDULE of today\n") == Series((expected,), ())


def test_a_line_that_is_not_whole_is_told_of_and_the_rest_is_read() -> None:
    """The program's own words may stand within one, and a form of tomorrow is not guessed at."""
    torn = _NEW.replace(" threads=4", "oops\n threads=4")
    tomorrow = _NEW.replace("needspinning", "wantspinning")

    found = read(f"{_NEW}\n{torn}\n{tomorrow}\n{_OLD}")

    assert [sample.local for sample in found.samples] == [(0, 17), (0, 17)]
    assert found.unread == ("SCHED 0ms: gomaxprocs=2 idleprocs=1oops", tomorrow[:120])
    assert observations(found)["schedtrace_unread"] == (2,)


def test_samples_are_repetitions() -> None:
    """One a line; a queue whose two counters were read at different times is not four thousand million long."""
    later = _OLD.replace("[0 17]", "[4294967295 1]").replace("threads=4 ", "threads=6 ")

    found = observations(read(f"{_OLD}\n{later}\n"))

    assert found == {
        "schedtrace_unread": (0,),
        "traced_at_ns": (0, 0),
        "threads_traced": (4, 6),
        "idleprocs": (1, 1),
        "spinningthreads": (0, 0),
        "idlethreads": (2, 2),
        "runqueue": (3, 3),
        "localqueues": (17, 1),
        "longest_localqueue": (17, 1),
        "other_localqueues": (0, 0),
        "longest_localqueue_permille": (1000, 1000),
    }
    assert observations(read("nothing of the kind")) == {}
