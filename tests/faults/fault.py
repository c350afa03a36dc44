"""What can happen to a golab, and what became of one to which it did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """A closed set: what is done to a run at one of its points."""

    KILL = "kill -9 of golab"
    POWER = "kill -9 of golab, and what was not synced is lost"
    AGENT = "kill -9 of the agent"
    DOCKERD = "kill -9 of dockerd"
    FULL = "full disk"
    READ_ONLY = "results become read-only"
    TERM = "SIGTERM"
    CTRL_C = "Ctrl-C"
    CTRL_C_TWICE = "Ctrl-C twice"
    HANGUP = "closed terminal"
    CLOCK = "wall clock jumps 400 days back"
    STOP = "SIGSTOP longer than an agent waits"


AT_EVERY_POINT: Final = frozenset({Fault.KILL, Fault.POWER})
"""Those that are done at every point, and not only once in every phase."""
INTERRUPTS: Final = frozenset({Fault.TERM, Fault.CTRL_C, Fault.CTRL_C_TWICE, Fault.HANGUP})
"""Those after which golab says that it was interrupted, if there was anything left to interrupt."""
_WITH_AGENTS: Final = frozenset({"container", "probe", "replicate", "record"})
_WITH_A_RECORD: Final = _WITH_AGENTS | {"plan", "open again", "clean up", "end", "analysis", "report"}
WHERE: Final[Mapping[Fault, frozenset[str]]] = {
    Fault.AGENT: _WITH_AGENTS | {"calibrate"},
    Fault.STOP: _WITH_AGENTS | {"calibrate"},
    Fault.FULL: _WITH_A_RECORD,
    Fault.READ_ONLY: _WITH_A_RECORD,
    Fault.POWER: _WITH_A_RECORD,
}
"""The phases in which a fault has anything to do; those that are not named here have in every one."""


@dataclass(frozen=True, kw_only=True)
class Injected:
    """One fault, and what was found after it: ``wrong`` are promises that were not kept, in words.

    It was done at ``point`` of some ``points``, in ``phase`` of so many ``phases``; ``asked_phase`` is where it was to be done, and ``asked_point`` at which point, if
    not any of that phase would do: no two runs on a real engine do exactly the same. golab then ended with ``code``. ``before`` replicates were safe by then, ``replicates``
    in the record in the end, of which ``again`` were lost and run again. An agent's ``patience`` was so many seconds.
    """

    fault: Fault
    engine: str
    scenario: str
    phase: str
    point: int
    asked_phase: str
    asked_point: int | None
    phases: int
    points: int
    code: int
    before: int = 0
    replicates: int = 0
    again: int = 0
    patience: float = 10.0
    wrong: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As a line of the record has it."""
        return asdict(self)
