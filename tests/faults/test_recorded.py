"""Which faults are done, and which are done already."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults import recorded
from tests.faults.drawing import drawn, every
from tests.faults.fault import Fault
from tests.faults.inside import Blow
from tests.faults.recorded import RecordError
from tests.faults.settings import Setting

_PHASES = ("start", "build", "build", "replicate", "replicate", "replicate", "end")
_SETTING = Setting(scenario="one", engine="host", command=())


def _line(asked: str, asked_point: int | None = None, **more: Any) -> dict[str, Any]:
    wanted = {"asked_phase": asked, "asked_point": asked_point}
    return {"engine": "host", "scenario": "one", "fault": Fault.KILL.value, "wrong": [], **wanted, **more}


def _key(phase: str, point: int | None = None, fault: Fault = Fault.KILL) -> recorded.Key:
    return recorded.key(_SETTING, Blow(fault=fault, number=9, phase=phase, point=point))


def test_each_fault_is_drawn_once_in_each_phase_that_is_open_to_it() -> None:
    """An agent is there while replicates are measured; a kill comes in every phase."""
    blows = drawn(_PHASES, [Fault.KILL, Fault.AGENT], 1000, seed=1)

    assert sorted((blow.fault, blow.phase) for blow in blows) == [
        (Fault.KILL, "build"),
        (Fault.KILL, "end"),
        (Fault.KILL, "replicate"),
        (Fault.KILL, "start"),
        (Fault.AGENT, "replicate"),
    ]
    assert all(_PHASES[blow.number - 1] == blow.phase for blow in blows)
    assert drawn(_PHASES, [Fault.AGENT], 1000, seed=1, only=["build"]) == []


def test_kills_come_at_every_point_and_the_others_at_the_first_of_a_phase() -> None:
    """Where all points are asked for."""
    blows = every(_PHASES, [Fault.KILL, Fault.TERM])

    assert [blow.number for blow in blows if blow.fault is Fault.KILL] == [1, 2, 3, 4, 5, 6, 7]
    assert [blow.point for blow in blows if blow.fault is Fault.KILL] == [1, 2, 3, 4, 5, 6, 7]
    assert [(blow.number, blow.point) for blow in blows if blow.fault is Fault.TERM] == [
        (1, None),
        (2, None),
        (4, None),
        (7, None),
    ]


def test_what_the_record_has_is_not_done_again(tmp_path: Path) -> None:
    """By what was asked for, wherever it hit: a fault that is drawn by its phase, a kill at every point by its point."""
    record = tmp_path / "record.jsonl"
    recorded.keep(record, [_line("replicate", 4, phase="record", point=3), _line("build", phase="plan")])
    known = recorded.done(recorded.opened(record))

    assert {_key("replicate"), _key("replicate", 4), _key("build")} <= known
    assert (
        not {
            _key("replicate", 5),
            _key("record"),
            _key("record", 3),
            _key("replicate", fault=Fault.TERM),
        }
        & known
    )
    assert recorded.opened(tmp_path / "none") == recorded.opened(None) == ()


def test_what_broke_a_promise_is_done_again_and_counts_until_then() -> None:
    """Whatever else hit the same phase."""
    broken, other, mended = _line("end", wrong=["lost"]), _line("end", 7), _line("end")

    assert _key("end") not in recorded.done([other, broken])
    assert recorded.counted([broken, other]) == [broken, other]
    assert recorded.counted([broken, other, mended]) == [other, mended]
    assert recorded.counted([broken, broken | {"code": 1}]) == [broken | {"code": 1}]
    assert _key("end") in recorded.done([broken, mended])


def test_half_a_line_is_cut_off(tmp_path: Path) -> None:
    """As whoever was killed while it was written has left it."""
    record = tmp_path / "record.jsonl"
    recorded.keep(record, [_line("end")])
    whole = record.read_bytes()
    record.write_bytes(whole + b'{"fault": "kill -9')

    assert recorded.opened(record) == [_line("end")]
    assert record.read_bytes() == whole
    recorded.keep(record, [_line("plan")])
    assert recorded.opened(record) == [_line("end"), _line("plan")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps({"format": 1}) + "\n", "is a record of format 1, and this is 2"),
        ("# Notes\n", "is no record of faults"),
        ("[]\n", "is no record of faults"),
        ("", "is no record of faults"),
        ("half", "is no record of faults"),
    ],
)
def test_what_is_no_record_of_this_format_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """And stays as it is."""
    record = tmp_path / "file"
    record.write_text(content)

    with pytest.raises(RecordError, match=said):
        recorded.opened(record)
    with pytest.raises(RecordError, match="there is no folder"):
        recorded.opened(tmp_path / "none" / "record.jsonl")
    assert record.read_text() == content
