"""Which faults are done, and which are done already."""

import json
from pathlib import Path

from tests.faults import recorded
from tests.faults.drawing import EVERY, drawn, every
from tests.faults.fault import Fault
from tests.faults.injecting import Seen
from tests.faults.inside import Blow
from tests.faults.settings import Setting

_PHASES = ("start", "build", "build", "replicate", "replicate", "replicate", "end")
_SETTING = Setting(scenario="one", engine="host", command=())
_SEEN = Seen(_PHASES, ())


def test_each_fault_is_drawn_once_in_each_phase_that_is_open_to_it() -> None:
    """An agent is there while replicates are measured; a kill comes in every phase."""
    blows = drawn(_PHASES, [Fault.KILL, Fault.AGENT], 1000, seed=1)

    assert sorted((blow.fault, _PHASES[blow.number - 1]) for blow in blows) == [
        (Fault.KILL, "build"),
        (Fault.KILL, "end"),
        (Fault.KILL, "replicate"),
        (Fault.KILL, "start"),
        (Fault.AGENT, "replicate"),
    ]


def test_kills_come_at_every_point_and_the_others_at_the_first_of_a_phase() -> None:
    """Where all points are asked for."""
    blows = every(_PHASES, [Fault.KILL, Fault.TERM])

    assert [blow.number for blow in blows if blow.fault is Fault.KILL] == [1, 2, 3, 4, 5, 6, 7]
    assert [blow.number for blow in blows if blow.fault is Fault.TERM] == [1, 2, 4, 7]


def test_what_the_record_has_is_not_done_again(tmp_path: Path) -> None:
    """A fault that is drawn is known by its phase, a kill at every point by its point."""
    record = tmp_path / "record.jsonl"
    done = {"engine": "host", "scenario": "one", "fault": Fault.KILL.value, "phase": "replicate", "point": 4}
    recorded.keep(record, json.dumps(done))
    known = recorded.faults(record)

    def is_known(number: int, points: str, fault: Fault = Fault.KILL) -> bool:
        return recorded.key(_SETTING, _SEEN, Blow(fault=fault, number=number), points) in known

    assert is_known(5, "drawn")
    assert is_known(4, EVERY)
    assert not is_known(5, EVERY)
    assert not is_known(2, "drawn")
    assert not is_known(4, "drawn", Fault.TERM)
    assert recorded.faults(tmp_path / "none") == set()
