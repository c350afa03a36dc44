"""What a run is: its plan, and what each replicate left behind."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lab.model.units import Nanos

FORMAT: Final = 5
"""The format of a run's files. History. 1: first. 2: the manifest, the predictions and the run's end are kept beside the plan.
3: a run may hold cells of several scenarios and engines (a matrix). Later ones of format 3 say what was predicted of how processes
end, too; earlier ones are read as having no such prediction. 4: every line of runs.jsonl has a checksum; the programs' sources are
kept; a run may be gone on with (resumed.json); instruments may look at cells (the factor "with"): cells that do not say
so are plain. 5: decided.json has the digests of plan, predictions and costs, and the checksums begin with its; the end says how many
lines there are."""
READABLE: Final = (3, 4, FORMAT)
"""The formats that are read. Of 1 and 2 no analysis could be made: the plan names one scenario's digest, or no manifest is there."""

StoppedBy = Literal["precise", "replicates", "max-time", "interrupted", "killed"]
"""What ended a run: all that is judged was precise enough, all of its plan was measured, its time was up, a user stopped
it, or it never came to write an end."""

FINISHED: Final[tuple[StoppedBy, ...]] = ("replicates", "precise")
"""Ends of runs of which, by their own plan, nothing is left to measure."""


class Ending(enum.Enum):
    """How a replicate ended; nothing else can happen to one."""

    EXIT = "exit"
    EXIT_NONZERO = "exit-nonzero"
    SIGNAL = "signal"
    DEADLOCK = "deadlock"
    TIMEOUT = "timeout"
    OOM = "oom"
    CONTAMINATED = "contaminated"
    REFUSED = "refused"
    BUILD_FAILED = "build-failed"
    INFRA_FAILED = "infra-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """An ending, with what tells one of its kind from another."""

    ending: Ending
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One place in the order of a run: which cell's replicate comes, and in which block."""

    position: int
    block: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What the agent sent of one replicate, undecoded; *again* where nothing was found out, and its turn comes again."""

    turn: Turn
    raw: bytes
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a replicate wrote to a stream: its beginning, and how much there was."""

    text: str
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpText:
    """The text that has a replicate's goroutine dump: its standard error. ``cut`` says that not all of it was kept.

    The text is long, so a record's line is without it: it is in a file of its own (:mod:`lab.store`), of all but a cell's first ones only
    its beginning; ``cut`` is true then, too.
    """

    text: str
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The kernel's account of one replicate (getrusage of the reaped child)."""

    user_ns: Nanos
    system_ns: Nanos
    max_rss_bytes: int
    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One replicate, decoded. ``observations`` are in the unit that each name ends in."""

    turn: Turn
    termination: Termination
    started_at_ns: int
    wall_ns: Nanos
    observations: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    effective: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage | None = None
    stdout: Output = Output(text="", total_bytes=0)
    stderr: Output = Output(text="", total_bytes=0)
    signals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    excluded: str = ""
    waited_ns: int = 0
    """For an unthrottled period of its quota before it started; no part of ``wall_ns``."""
    dump: DumpText | None = None

    @property
    def usable(self) -> bool:
        """Whether the replicate's values may be looked at."""
        return self.termination.ending is Ending.EXIT and not self.excluded


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A run that was gone on with: when (Unix time), by which golab, and after how many lines of its record.

    ``again`` are the places of replicates that were lost (infra-failed): their lines until then count no more, because they
    are run again. ``set_aside`` names the file that has what stood behind a damage; empty where there was none.
    ``max_time_ns`` is what all of the measuring may take since the run began, ``elapsed_ns`` what it had taken. ``signals`` say how busy the machine was,
    ``provenance`` what it and its engine were.
    """

    at_ns: int
    golab: str
    lines: int
    again: tuple[int, ...]
    set_aside: str
    max_time_ns: Nanos
    elapsed_ns: int
    signals: Mapping[str, float | None]
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell:
    """A cell as the plan wrote it down: what was asked of it, and which binary, engine and container it runs in."""

    id: str
    scenario: str
    engine: str
    levels: Mapping[str, str]
    program_sha256: str
    binary_sha256: str
    image: str
    argv: tuple[str, ...]
    environment: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsUsed:
    """Which costs a prediction rests on: ``packaged`` or a calibration's file, and its identity."""

    source: str
    identity: str
    calibrated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run decided before its first replicate. ``provenance`` is what the machine and engine are.

    ``scenario`` names what was measured: a scenario, or a matrix, which then has a ``title`` of its own. ``engine`` is where
    cells ran that say nothing else. ``manifests`` has the digest of each scenario's manifest, ``costs`` by engine what the
    predictions rest on. ``asked`` are the arguments of the ``golab`` command that plans the same cells in the same order
    again. ``turns`` are ``most_replicates`` blocks; after ``replicates`` of them the run ends as soon as everything that is
    judged is precise enough.
    """

    format: int
    run: str
    scenario: str
    title: str
    manifests: Mapping[str, str]
    engine: str
    seed: int
    replicates: int
    most_replicates: int
    max_time_ns: Nanos
    quick: bool
    asked: tuple[str, ...]
    costs: Mapping[str, CostsUsed]
    cells: tuple[PlannedCell, ...]
    turns: tuple[Turn, ...]
    provenance: Mapping[str, Any]

    @property
    def costs_of_run(self) -> CostsUsed:
        """The costs of the run's own engine; where no cell runs on that, of the first other."""
        return self.costs.get(self.engine) or next(iter(self.costs.values()))

    @property
    def is_matrix(self) -> bool:
        """Whether several scenarios or engines may be in it, by a matrix's file."""
        return bool(self.title)
