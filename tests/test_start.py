"""How a start went, by its record and its dump."""

from lab.dump import parsed
from lab.model.run import Ending, Record, Termination, Turn
from lab.model.start import Init, Start, Started
from lab.model.units import Nanos
from lab.report.start import start_lines
from lab.start import start_of

_MARKS = {"init runtime": 1_100, "done runtime": 1_400, "init a.b/c": 2_000}
_DUMP = """SIGQUIT: quit
PC=0x1 m=0 sigcode=0

goroutine 1 [chan receive]:
a.b/c.wait(...)
	a.b/c/c.go:7
a.b/c.init.0()
	a.b/c/c.go:3 +0x2c
runtime.doInit1(0x5a2a60)
	runtime/proc.go:7176 +0xe5
runtime.main()
	runtime/proc.go:254 +0x345
"""


def _record(ending: Ending, marks: dict[str, int], detail: str) -> Record:
    return Record(
        turn=Turn(position=0, block=0, cell="inits"),
        termination=Termination(ending=ending, detail=detail),
        started_at_ns=0,
        wall_ns=Nanos(5_001_000),
        marks=marks,
        observations={f"start_to_{name}_ns": (at - 1_000,) for name, at in marks.items()},
    )


def test_the_init_that_began_and_did_not_end_is_where_it_is_stuck() -> None:
    """With the goroutine that runs it, down to the init itself."""
    found = start_of(_record(Ending.TIMEOUT, _MARKS, "ended at its time limit"), parsed(_DUMP))

    assert (found.started, found.within, found.main) == (Started.STUCK, "a.b/c", None)
    assert found.inits == (
        Init(package="runtime", begun=Nanos(100), took=Nanos(300)),
        Init(package="a.b/c", begun=Nanos(1_000), took=None),
    )
    assert start_lines(found, ["goroutine 9 waits"]) == (
        (
            "inits: the start is stuck in an init of package a.b/c: it began 1.00 µs after the process, and had not"
            " ended 5.00 ms later (ended at its time limit)"
        ),
        "  goroutine 1 runs it [chan receive]:",
        "    a.b/c.wait  a.b/c/c.go:7",
        "    a.b/c.init.0  a.b/c/c.go:3",
        "  goroutine 9 waits",
        "  inits of 1 package had ended, in 300 ns; the longest: runtime 300 ns",
    )


def test_a_package_is_called_by_its_path_not_by_its_symbol() -> None:
    """In a symbol a dot of the path's last element is written %2e."""
    found = start_of(_record(Ending.TIMEOUT, {"init a.b/yaml%2ev3": 2_000}, "late"), None)

    assert found.within == "a.b/yaml.v3"


def test_a_start_that_came_to_main_was_not_stuck_however_the_program_ended() -> None:
    """That it went on until its limit is no matter of its start."""
    marks = {**_MARKS, "done a.b/c": 3_000, "main": 13_000}

    found = start_of(_record(Ending.TIMEOUT, marks, "late"), parsed(_DUMP))

    assert (found.started, found.main, found.goroutine) == (Started.BEGAN, 12_000, None)
    assert start_lines(found)[0] == "inits: the start was not stuck: main.main began after 12.0 µs"


def test_what_else_became_of_a_start() -> None:
    """The runtime found it asleep, it ended by itself, it was between two inits or before the first, or nothing ran."""

    def words(ending: Ending, marks: dict[str, int], detail: str) -> tuple[Started, str]:
        found: Start = start_of(_record(ending, marks, detail), None)
        return found.started, start_lines(found)[0]

    assert words(Ending.DEADLOCK, _MARKS, "asleep")[0] is Started.STUCK
    assert words(Ending.EXIT_NONZERO, _MARKS, "panic: boom") == (
        Started.ENDED,
        "inits: the program ended in an init of package a.b/c, after 5.00 ms: panic: boom",
    )
    assert words(Ending.TIMEOUT, {"init a": 2_000, "done a": 3_000}, "late") == (
        Started.STUCK,
        "inits: the start is stuck after all inits, and before main.main, after 5.00 ms (late)",
    )
    assert words(Ending.TIMEOUT, {}, "late")[1] == (
        "inits: the start is stuck before the first init, after 5.00 ms (late)"
    )
    assert words(Ending.BUILD_FAILED, {}, "no compiler") == (
        Started.UNSEEN,
        "inits: nothing was seen of its start: no compiler",
    )
