"""Whatever an agent or a program sent becomes a record with one of the endings there are."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.bench.decode import Asked, decode
from lab.model.run import Capture, DumpText, Ending, Turn

_TURN = Turn(position=3, block=1, cell="touch")
_USAGE = {
    "user_ns": 1,
    "system_ns": 2,
    "max_rss_bytes": 3,
    "minor_faults": 4,
    "major_faults": 5,
    "voluntary_switches": 6,
    "involuntary_switches": 7,
}


def _stream(text: str = "") -> dict[str, Any]:
    return {"base64": base64.b64encode(text.encode()).decode(), "bytes": len(text)}


def _done(**changes: Any) -> Capture:
    message = {
        "ev": "done",
        "id": "1",
        "error": "",
        "exit_code": 0,
        "signal": 0,
        "timed_out": False,
        "stopped": False,
        "oom_kills": 0,
        "start_ns": 100,
        "end_ns": 350,
        "started_at_ns": 5,
        "usage": _USAGE,
        "stdout": _stream("out"),
        "stderr": _stream(),
        "lines": [
            '{"wire":2}',
            '{"e":{"gomaxprocs":2,"cpus":"0-1"}}',
            '{"o":"wait_ns","v":7}',
            '{"o":"wait_ns","v":9}',
        ],
        "lines_dropped": 0,
        "before": {"steal_ticks": 1},
        "after": {"steal_ticks": 2},
        "ended": 0,
    }
    return Capture(turn=_TURN, raw=json.dumps(message | changes).encode())


def test_a_plain_exit_keeps_all_that_was_said() -> None:
    """Observations by name in their order, the wall time, the signals before and after."""
    record = decode(_done())

    assert record.usable
    assert record.observations == {"wait_ns": (7, 9)}
    assert record.effective == {"gomaxprocs": 2, "cpus": "0-1"}
    assert record.wall_ns == 250
    assert record.stdout.text == "out"
    assert record.signals == {"before": {"steal_ticks": 1}, "after": {"steal_ticks": 2}}


def test_a_mark_says_how_long_after_the_start_it_came() -> None:
    """Its clock is the agent's, which took the time before fork and exec."""
    lines = ['{"wire":2}', '{"m":"main","t":1400}']
    record = decode(_done(lines=lines, start_ns=1000, end_ns=1500))

    assert record.marks == {"main": 1400}
    assert record.observations == {"start_to_main_ns": (400,)}


_DEADLOCK = "goroutine dump follows\nfatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:\n"


@pytest.mark.parametrize(
    ("changes", "ending", "detail"),
    [
        ({"exit_code": 3, "stderr": _stream("\nno such file\nmore")}, Ending.EXIT_NONZERO, "no such file"),
        (
            {"exit_code": 2, "stderr": _stream("x\npanic: boom\n\ngoroutine 1")},
            Ending.EXIT_NONZERO,
            "panic: boom",
        ),
        (
            {"exit_code": 2, "stderr": _stream(_DEADLOCK)},
            Ending.DEADLOCK,
            "fatal error: all goroutines are asleep - deadlock!",
        ),
        ({"exit_code": -1, "signal": 11}, Ending.SIGNAL, "killed by signal 11"),
        ({"exit_code": -1, "signal": 9, "oom_kills": 1}, Ending.OOM, "killed at its memory limit"),
        ({"exit_code": -1, "signal": 15, "timed_out": True}, Ending.TIMEOUT, "ended at its time limit"),
        (
            {"error": "exec format error", "exit_code": -1},
            Ending.INFRA_FAILED,
            "could not be started: exec format error",
        ),
        ({"stopped": True, "exit_code": -1, "signal": 15}, Ending.INFRA_FAILED, "the run was interrupted"),
        ({"lines": ['{"wire":9}']}, Ending.INFRA_FAILED, "the program speaks wire 9, the lab 2"),
    ],
)
def test_each_way_to_end_is_told_from_the_others(
    changes: dict[str, Any], ending: Ending, detail: str
) -> None:
    """A replicate ends in one of a closed set, with what tells one of its kind from another."""
    record = decode(_done(**changes))

    assert (record.termination.ending, record.termination.detail) == (ending, detail)
    assert not record.usable


_DUMP = "fatal error: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:1 +0x1\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"timed_out": True, "exit_code": 2, "stderr": _stream(_DUMP)}, DumpText(text=_DUMP, cut=False)),
        ({"exit_code": 2, "stderr": _stream(_DUMP)}, DumpText(text=_DUMP, cut=False)),
        ({"exit_code": 2, "stderr": _stream(_DUMP) | {"bytes": 10**6}}, DumpText(text=_DUMP, cut=True)),
        ({"stderr": _stream(_DUMP)}, None),
        ({"timed_out": True, "stderr": _stream("goroutine 1 is late\n")}, None),
    ],
)
def test_a_dump_is_kept_of_what_did_not_end_by_itself(
    changes: dict[str, object], expected: DumpText | None
) -> None:
    """Whole, also beyond what is kept of a stream otherwise; a program that exits may print stacks as it likes."""
    assert decode(_done(**changes)).dump == expected


def test_only_the_beginning_of_a_long_stream_stays_in_the_record() -> None:
    """A dump of megabytes is in the dump alone."""
    long = "goroutine 1 [running]:\n" + "main.main()\n\t/src/main.go:1 +0x1\n" * 10_000
    record = decode(_done(timed_out=True, stderr=_stream(long)))

    assert record.dump == DumpText(text=long, cut=False)
    assert record.stderr.text == long[: 64 << 10]
    assert record.stderr.total_bytes == len(long)


def test_a_program_that_mentions_a_deadlock_has_none() -> None:
    """The runtime's words count only on a line of their own."""
    record = decode(
        _done(exit_code=2, stderr=_stream("log: fatal error: all goroutines are asleep - deadlock! (quoted)"))
    )

    assert record.termination.ending is Ending.EXIT_NONZERO


def test_a_process_that_saw_another_gomaxprocs_is_contaminated() -> None:
    """What was asked for and what took effect are compared; a difference spoils the replicate."""
    record = decode(_done(), Asked(gomaxprocs="4"))

    assert record.termination.ending is Ending.CONTAMINATED
    assert record.termination.detail == "GOMAXPROCS=4 was asked for, the process saw 2"
    assert decode(_done(), Asked(gomaxprocs="2")).usable


_TRACED = "init fmt @0.1 ms, 0.003 ms clock, 16 bytes, 1 allocs\n"


def test_a_standard_error_is_read_where_the_manifest_says_so() -> None:
    """By the instruments that it names, and of a process that came to its end."""
    asked = Asked(reads=("inittrace",))

    assert decode(_done(stderr=_stream(_TRACED)), asked).observations["inittrace:fmt_ns"] == (3000,)
    assert "inittrace:fmt_ns" not in decode(_done(stderr=_stream(_TRACED))).observations
    assert decode(_done(), asked).usable
    assert (
        decode(_done(stderr=_stream("init a @"), timed_out=True), asked).termination.ending is Ending.TIMEOUT
    )


@pytest.mark.parametrize(
    ("stderr", "why"),
    [
        (_stream("init fmt @0.1 ms or so\n"), "in a format that nobody here knows"),
        (_stream(_TRACED) | {"bytes": 70_000}, "inittrace is not whole"),
    ],
)
def test_an_instrument_that_cannot_be_read_spoils_the_replicate(stderr: dict[str, Any], why: str) -> None:
    """An unknown format, and one that was cut off: half a trace is none."""
    record = decode(_done(stderr=stderr), Asked(reads=("inittrace",)))

    assert record.termination.ending is Ending.INFRA_FAILED
    assert why in record.termination.detail


def test_lines_of_schedtrace_are_repetitions_and_one_that_is_torn_spoils_nothing() -> None:
    """It is counted, and the others are read: the runtime prints a line in pieces."""
    line = (
        "SCHED 0ms: gomaxprocs=2 idleprocs=1 threads=4 spinningthreads=0"
        " needspinning=1 idlethreads=2 runqueue=3 [ 4 17 ]\n"
    )
    record = decode(_done(stderr=_stream(line + line[:30] + "\n" + line)), Asked(reads=("schedtrace",)))

    assert record.usable
    assert record.observations["longest_localqueue"] == (17, 17)
    assert record.observations["other_localqueues"] == (4, 4)
    assert record.observations["schedtrace_unread"] == (1,)


def test_a_lost_agent_is_an_infrastructure_failure() -> None:
    """A turn without a replicate says why."""
    record = decode(Capture(turn=_TURN, raw=b'{"ev":"lost","message":"the agent is gone"}'))

    assert (record.termination.ending, record.termination.detail) == (
        Ending.INFRA_FAILED,
        "the agent is gone",
    )


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    """Noise on the wire is a failed replicate, not a traceback."""
    assert decode(Capture(turn=_TURN, raw=raw)).termination.ending is Ending.INFRA_FAILED


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_program_makes_it_raise(lines: list[str]) -> None:
    """A program may write anything to its descriptor."""
    assert decode(_done(lines=lines)).termination.ending in (Ending.EXIT, Ending.INFRA_FAILED)


_DUMPED = "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\ngoroutine 1 gp=0x2 m=nil [sleep]:\nmain.main()\n\t/src/main.go:1 +0x1\n"


@pytest.mark.parametrize(
    ("changes", "ending", "detail", "has_dump"),
    [
        ({"exit_code": 2, "stderr": _stream(_DUMPED)}, Ending.EXIT, "ended by SIGQUIT with a dump", True),
        (
            {"exit_code": 2, "stderr": _stream(f"init x @1 ms, {_DUMPED}")},
            Ending.EXIT,
            "ended by SIGQUIT with a dump",
            True,
        ),
        (
            {"exit_code": -1, "signal": 3},
            Ending.EXIT,
            "ended by SIGQUIT before its runtime could answer",
            False,
        ),
        ({"exit_code": 0}, Ending.EXIT, "", False),
        ({"exit_code": 2, "stderr": _stream("no\n")}, Ending.EXIT_NONZERO, "no", False),
        ({"exit_code": -1, "signal": 9, "timed_out": True}, Ending.TIMEOUT, "ended at its time limit", False),
    ],
)
def test_a_dump_that_was_asked_for_is_how_a_process_ends(
    changes: dict[str, Any], ending: Ending, detail: str, *, has_dump: bool
) -> None:
    """What it did not come to say is no contamination; when it was asked is observed."""
    record = decode(
        _done(lines=['{"wire":2}'], dump_asked_ns=120, **changes), Asked(gomaxprocs="2", speaks=False)
    )

    assert record.termination.ending is ending
    assert record.termination.detail.startswith(detail)
    assert (record.dump is not None) == has_dump
    assert record.observations["dump_asked_ns"] == (120,)


def test_who_was_not_asked_for_a_dump_failed_with_it() -> None:
    """Somebody else's SIGQUIT is no expected ending."""
    assert decode(_done(exit_code=2, stderr=_stream(_DUMPED))).termination.ending is Ending.EXIT_NONZERO


def test_samples_are_times_since_the_process_was_made() -> None:
    """Their clock is the agent's; what a program says first is not an instrument's line."""
    lines = "METRICS 300ns: goroutines=2 gc=0 mutexwait=0 latencies=[ ]\nSCHED 0ms: …\n"
    record = decode(_done(stderr=_stream(lines)), Asked(reads=("metrics",)))
    failed = decode(_done(exit_code=3, stderr=_stream(f"{lines}mine\n")), Asked(reads=("metrics",)))

    assert record.observations["sampled_at_ns"] == (200,)
    assert failed.termination.detail == "mine"
