"""A process that says nothing is known by what the clock and the kernel account for it."""

import base64
import json
from typing import Any

import pytest

from lab.bench.account import is_printing
from lab.bench.decode import Asked, decode
from lab.model.run import Capture, Ending, Turn
from tests.fakes import DONE

_TURN = Turn(position=0, block=0, cell="plain")


def _capture(**changes: Any) -> Capture:
    return Capture(turn=_TURN, raw=json.dumps({**DONE, **changes}).encode())


def test_a_silent_process_is_observed_from_outside() -> None:
    """Its duration and its rusage, each as one repetition."""
    record = decode(_capture(lines=[]), Asked(gomaxprocs="2", cpus=frozenset({0}), speaks=False))

    assert record.usable
    assert record.observations == {
        "wall_ns": (1_000_000,),
        "cpu_ns": (600_000,),
        "max_rss_bytes": (3 << 20,),
        "minor_faults": (25,),
        "major_faults": (0,),
        "voluntary_switches": (1,),
        "involuntary_switches": (0,),
    }


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (Asked(gomaxprocs="2"), ['{"wire":2}']),
        (Asked(gomaxprocs="2", speaks=False), ['{"e":{"gomaxprocs":1}}']),
        (Asked(flaw="no quota", speaks=False), []),
    ],
)
def test_what_took_effect_is_held_against_what_was_asked(asked: Asked, lines: list[str]) -> None:
    """Of a process that speaks always, of another where it did speak; and of its container in any case."""
    assert decode(_capture(lines=lines), asked).termination.ending is Ending.CONTAMINATED


@pytest.mark.parametrize(
    ("asked_to_end", "signal", "ending"),
    [(True, 15, Ending.EXIT), (False, 15, Ending.SIGNAL), (True, 9, Ending.SIGNAL)],
)
def test_to_end_as_one_is_asked_to_is_to_exit(asked_to_end: bool, signal: int, ending: Ending) -> None:  # noqa: FBT001
    """By the very signal, and by none that nobody sent."""
    capture = _capture(lines=[], asked_to_end=asked_to_end, signal=signal, exit_code=-1)

    record = decode(capture, Asked(speaks=False))

    assert record.termination.ending is ending
    assert record.usable == (ending is Ending.EXIT)


@pytest.mark.parametrize(
    ("said", "ending", "detail"),
    [
        ("panic: boom\n\ngoroutine 1", Ending.EXIT_NONZERO, "panic: boom"),
        (
            "fatal error: all goroutines are asleep - deadlock!\n",
            Ending.DEADLOCK,
            "fatal error: all goroutines are asleep - deadlock!",
        ),
        ("bye", Ending.SIGNAL, "killed by signal 6"),
    ],
)
def test_go_s_own_abort_is_what_it_says(said: str, ending: Ending, detail: str) -> None:
    """With GOTRACEBACK=crash a panic or a deadlock ends in SIGABRT; of another's nothing is known."""
    stderr = {"base64": base64.b64encode(said.encode()).decode(), "bytes": len(said)}

    termination = decode(_capture(signal=6, exit_code=-1, stderr=stderr)).termination

    assert (termination.ending, termination.detail, termination.signal) == (ending, detail, 6)


def test_marks_are_told_from_the_start_on() -> None:
    """Of any program; what it observed itself under that name counts."""
    lines = ['{"m":"main","t":1500000}', '{"m":"late","t":1900000}', '{"o":"start_to_late_ns","v":7}']

    record = decode(_capture(lines=lines))

    assert record.observations == {"start_to_main_ns": (500_000,), "start_to_late_ns": (7,)}
    assert record.marks == {"main": 1_500_000, "late": 1_900_000}


def test_an_instrument_s_lines_are_read_though_the_record_keeps_few_of_them() -> None:
    """A thousand lines of schedtrace are more than a record keeps of a stream."""
    line = "SCHED 10ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=0 idlethreads=1 runqueue=0 [1 2]\n"
    text = (line * 1000).encode()
    stderr = {"base64": base64.b64encode(text).decode(), "bytes": len(text)}

    record = decode(_capture(lines=[], stderr=stderr), Asked(speaks=False, reads=("schedtrace",)))

    assert record.observations["localqueues"] == (3,) * 1000
    assert (len(record.stderr.text), record.stderr.total_bytes) == (65536, len(text))


@pytest.mark.parametrize("ends", [{}, {"timed_out": True}, {"exit_code": 3}])
def test_of_a_text_that_is_cut_samples_are_read_and_sums_are_not(ends: dict[str, Any]) -> None:
    """A sum without its end is no measurement; a process that did not exit is none in any case, and keeps its ending."""
    text = b"SCHED 10ms: gomaxprocs=2 idleprocs=0 threads=5 spinningthreads=0 needspinning=0 idlethreads=1 runqueue=0 [1 2]\n"
    stderr = {"base64": base64.b64encode(text).decode(), "bytes": len(text) + 1}

    sampled, summed = (
        decode(_capture(lines=[], stderr=stderr, **ends), Asked(speaks=False, reads=(each,)))
        for each in ("schedtrace", "inittrace")
    )

    assert (sampled.usable, sampled.observations["localqueues"]) == (not ends, (3,))
    assert (summed.termination.ending is Ending.INFRA_FAILED) == (not ends)


def test_whether_an_instrument_prints_stands_in_godebug() -> None:
    """Alone or beside other settings, and in no other variable; and it is one that somebody reads."""
    assert is_printing(["schedtrace"], ["A=1", "GODEBUG=schedtrace=10"])
    assert is_printing(["inittrace", "schedtrace"], ["GODEBUG=madvdontneed=1,inittrace=1"])
    assert not is_printing(["schedtrace"], ["GODEBUG=madvdontneed=1", "X=schedtrace=10"])
    assert not is_printing(["inittrace"], ["GODEBUG=schedtrace=10"])
