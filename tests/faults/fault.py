"""What can happen to a golab, and what became of one to which it did."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final


class Fault(StrEnum):
    """A closed set: what is done to a run at one of its points."""

    KILL = "kill -9 of golab"
    POWER = "loss of what was not synced, and kill -9 of golab"
    AGENT = "kill -9 of the agent"
    DOCKERD = "kill -9 of dockerd"
    FULL = "full disk"
    READ_ONLY = "read-only results"
    TERM = "SIGTERM"
    CTRL_C = "Ctrl-C"
    CTRL_C_TWICE = "Ctrl-C twice"
    HANGUP = "closed terminal"
    CLOCK = "clock jump"
    STOP = "SIGSTOP longer than the agent waits"


_WITH_AGENTS: Final = frozenset({"container", "probe", "replicate", "record"})
_WITH_A_RECORD: Final = frozenset({"plan", "container", "probe", "replicate", "record", "clean up", "end", "analysis", "report"})
WHERE: Final = {
    Fault.AGENT: _WITH_AGENTS,
    Fault.STOP: _WITH_AGENTS,
    Fault.FULL: _WITH_A_RECORD,
    Fault.READ_ONLY: _WITH_A_RECORD,
}
"""The phases in which a fault has anything to do; those that are not named here have in every one."""
ENDS_IT: Final = frozenset({Fault.KILL, Fault.POWER})
"""Those after which golab says nothing any more."""
INTERRUPTS: Final = frozenset({Fault.TERM, Fault.CTRL_C, Fault.CTRL_C_TWICE, Fault.HANGUP})
"""Those after which it says that it was interrupted, if there was anything left to interrupt."""


@dataclass(frozen=True, kw_only=True)
class Injected:
    """One fault, and what was found after it. Everything in ``wrong`` is a promise that was not kept."""

    fault: Fault
    engine: str
    scenario: str
    phase: str
    point: int
    points: int
    code: int
    replicates: int = 0
    again: int = 0
    """Replicates that were infra-failed and run again."""
    wrong: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As a line of the record has it."""
        return asdict(self)
