"""What a scenario is: one experiment with its factors, cells, metrics and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lab.model.building import Building, BuildPart
from lab.model.folder import FolderPart, Laid
from lab.model.level import UNSET, FactorKind, Level, read_level
from lab.model.process import ProcessPart
from lab.model.rule import Figure, Rule
from lab.model.run import Ending
from lab.model.units import Nanos, duration_to_text

GOMAXPROCS: Final = "gomaxprocs"
GO_RELEASE: Final = "go"
ENGINE: Final = "engine"
QUOTA: Final = "quota"
CPUSET: Final = "cpuset"
MEMORY: Final = "memory"
GODEBUG: Final = "godebug"
FS: Final = "fs"
BUILT_IN_FACTORS: Final = (GOMAXPROCS, GO_RELEASE, ENGINE, QUOTA, CPUSET, MEMORY, GODEBUG, FS)
"""Factors that every scenario has, whatever its manifest says."""

AUTO: Final = "auto"
"""The level of GOMAXPROCS at which the variable is not set and the runtime decides; of the engine, where the run's own is it."""
TMPFS: Final = "tmpfs"
"""The level of FS at which a replicate's folder is the container's own, in memory."""
HOST_FS: Final = "host"
"""The level of FS at which the host's agent starts the replicate."""
QUIET_LEVELS: Final = {ENGINE: AUTO, QUOTA: UNSET, CPUSET: UNSET, MEMORY: UNSET, GODEBUG: UNSET, FS: TMPFS}
"""Levels of built-in factors that go without saying."""

OUTCOME_MARGIN: Final = 0.3
"""How far the share of an ending may be off where the manifest does not say. Nine replicates that all end as all simulated processes did
show that much; docs/statistics.md."""

ENDLESS: Final = 2**63 - 1
"""The largest value of a factor that no other bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What is varied, its levels, and how a level reaches the program.

    ``reaches`` is ``flag`` (``-name=value``), ``environment`` (``variable`` set to ``form`` with ``{}``
    replaced; the level ``unset`` sets nothing), ``source`` (a typed constant of the rendered program), ``build`` (nothing
    but what ``[[builds]]`` of the manifest says of its levels) or ``surroundings`` (the same of ``[[neighbours]]`` and ``[[host_settings]]``).
    ``open`` factors take any value of their kind between ``smallest`` and ``largest``, others only the listed levels.
    """

    name: str
    title: str
    kind: FactorKind
    levels: tuple[Level, ...]
    default: Level
    reaches: Literal["flag", "environment", "source", "build", "surroundings", "lab"]
    variable: str = ""
    form: str = "{}"
    open: bool = False
    prefix: str = ""
    smallest: int = 0
    largest: int = ENDLESS

    def level(self, text: str) -> Level:
        """The level that *text* names; ValueError says what would be right."""
        for level in self.levels:
            if text in (level.text, str(level.value)):
                return level
        if not self.open:
            raise ValueError(
                f"{self.name} has no level {text!r} (levels: {', '.join(x.text for x in self.levels)})"
            )
        level = read_level(self.kind, text)
        if self.kind is FactorKind.AMOUNT and not self.smallest < float(level.value) <= self.largest:
            raise ValueError(
                f"{self.name} is more than {self.smallest} and at most {self.largest}, not {level.text}"
            )
        if isinstance(level.value, int) and not self.smallest <= level.value <= self.largest:
            raise ValueError(f"{self.name} goes {self.ends}, not {level.text}")
        return level

    @property
    def ends(self) -> str:
        """What the values of an open factor lie between, in words: ``from 1 to 64``."""
        is_time = self.kind is FactorKind.DURATION
        return f"from {' to '.join(duration_to_text(end) if is_time else str(end) for end in (self.smallest, self.largest))}"


Levels = Mapping[str, Level]
"""One level of each factor, by the factor's name, in the manifest's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is measured, in the unit that its name ends in, and how far a prediction may be off.

    ``where`` lists, per factor, the levels (as text) in whose cells the program gives this metric.
    ``margin`` is the equivalence margin as a share (0.15 is ± 15 %). ``discard`` is how many first repetitions of each
    process are its warm-up and left out: a *steady* metric has some, a *one-shot* metric (an init, a first touch) has one
    repetition and no warm-up. ``not_predicted`` says why there is no
    prediction, or is empty. ``described`` metrics are shown with the reason and never compared.
    """

    name: str
    title: str
    observation: str
    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Statistic = "p50"
    margin: float = 0.15
    discard: int = 0
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_predicted: str = ""
    described: str = ""

    @property
    def seen_as(self) -> tuple[str, int]:
        """The observation, and from which repetition on it counts: metrics that agree in both share their values."""
        return self.observation, self.discard

    def repetitions(self, observations: Mapping[str, Sequence[int]]) -> Sequence[int]:
        """What counts of one process's observations; empty where it gave none, or only warm-up."""
        return observations.get(self.observation, ())[self.discard :]

    def applies_to(self, levels: Levels) -> bool:
        """Whether a cell with these levels gives this metric."""
        return matches(self.where, levels)


def matches(where: Mapping[str, tuple[str, ...]], levels: Levels) -> bool:
    """Whether *levels* lie within *where*; a factor that *where* does not name may have any level."""
    return all(levels[name].text in texts for name, texts in where.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one replicate may use; beyond it, it is ended and that is its outcome."""

    time: Nanos
    memory_bytes: int
    pids: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Which signals of the environment put a replicate aside; none of them looks at what it measured.

    Shares are of the replicate's duration, None is not looked at. ``steal_share`` is the host's time on all CPUs, the
    pressure shares are the time in which something waited for a CPU, for memory, for a disk (PSI ``some``). ``swap``,
    ``throttled`` and ``foreign_container`` are whether any will do: pages swapped, periods throttled that no quota asked
    for, a container that is no part of the run.
    """

    steal_share: float | None = None
    psi_cpu_share: float | None = None
    psi_memory_share: float | None = None
    psi_io_share: float | None = None
    swap: bool = False
    throttled: bool = False
    foreign_container: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Which factor says how many bytes a replicate touches at once, and in which cells it does."""

    factor: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: int = 1


Statistic = Literal["p50", "p90", "p99", "p99.9", "max"]
"""What a process's repetitions are reduced to."""

Instrument = Literal["inittrace", "schedtrace"]
"""What a replicate's standard error is read for, by its setting of GODEBUG (``lab.golang.inittrace``, ``lab.golang.schedtrace``)."""

HUGE_PAGE: Final = 2 << 20
"""The size of the huge pages that a scenario can ask the machine to reserve."""

HostSetting = Literal["nr_hugepages", "nr_overcommit_hugepages"]
"""What is set for the whole machine: huge pages that are reserved, or that may be had beyond those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNeed:
    """In which cells a replicate needs huge pages of the machine: as many bytes of them as ``times`` the level of ``factor``."""

    setting: HostSetting
    factor: str
    where: Mapping[str, tuple[str, ...]]
    times: int = 1

    def pages(self, levels: Levels) -> int:
        """How many pages a cell needs; none where it needs none."""
        if not matches(self.where, levels):
            return 0
        return -(-int(levels[self.factor].value) * self.times // HUGE_PAGE)


Provision = Literal["go", "base"]
"""What a container can hold beside the program: the cell's Go release, or golab's own Debian with compilers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNeed:
    """In which cells a replicate finds something beside its program, and what."""

    holds: tuple[Provision, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostMode:
    """In which cells transparent huge pages have to be ``mode`` for the whole machine, while their replicates run."""

    mode: Literal["always", "madvise", "never"]
    where: Mapping[str, tuple[str, ...]]


Caches = Literal["pages", "dentries", "all"]
"""What of the kernel's caches can be dropped: contents of files, names and inodes, or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDrop:
    """In which cells the whole machine forgets ``caches`` just before each replicate."""

    caches: Caches
    where: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """In which cells somebody works beside a replicate, for as long as it runs: a container on the same engine, or there a process of the lab's.

    ``program`` is one of ``go_templates/neighbours/``. It starts in a folder on the machine's disk, ends at SIGTERM, and
    observes then how much it has ``worked``: a replicate beside which it did nothing is none.
    """

    program: str
    arguments: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGroup:
    """A small product of levels; factors that it does not name stay at their default."""

    name: str
    levels: Mapping[str, tuple[str, ...]]
    quick: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the article and its rules; ``open`` says what part of it nothing measures yet.

    Statement and figure are those of the register of claims; they stand in the manifest, too, so that a record can be judged
    from its own copy, by what was fixed before it was measured.
    """

    id: str
    statement: str
    rules: tuple[Rule, ...]
    figure: Figure | None = None
    open: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One experiment, as its manifest states it.

    A run measures ``replicates`` of each cell at least, and goes on up to ``most_replicates`` while something that is
    predicted is not known precisely enough to be judged. ``outcome_margin`` is how far the share of an ending may be off
    (0.3 is ± 30 percentage points). ``reads`` are the instruments that make observations of what a
    replicate writes to its standard error, where it does.
    """

    name: str
    title: str
    blocks: str
    look_for: str
    factors: tuple[Factor, ...]
    groups: tuple[CellGroup, ...]
    metrics: tuple[Metric, ...]
    limits: Limits
    touched: Touched | None
    replicates: int
    most_replicates: int
    quick_replicates: int
    releases: tuple[str, ...]
    expected: tuple[Ending, ...]
    claims: tuple[Claim, ...]
    manifest_sha256: str
    builds: tuple[BuildPart, ...] = ()
    reads: tuple[Instrument, ...] = ()
    exclusion: Exclusion = Exclusion()
    outcome_margin: float = OUTCOME_MARGIN
    host_needs: tuple[HostNeed, ...] = ()
    host_modes: tuple[HostMode, ...] = ()
    host_drops: tuple[HostDrop, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    folder: tuple[FolderPart, ...] = ()
    image_needs: tuple[ImageNeed, ...] = ()
    process: ProcessPart = field(default_factory=ProcessPart)

    def held(self, levels: Levels) -> frozenset[Provision]:
        """What the container of a cell holds beside the program."""
        return frozenset(
            each for need in self.image_needs if matches(need.where, levels) for each in need.holds
        )

    def building(self, levels: Levels) -> Building:
        """How the program of a cell with these levels is built: of what the manifest says of it, the last word counts."""
        said: dict[str, Any] = {}
        for part in self.builds:
            if matches(part.where, levels):
                said |= part.said
        return Building(**said)

    def needs_host(self, levels: Levels) -> bool:
        """Whether a cell needs something of the whole machine to be changed."""
        return (
            any(need.pages(levels) for need in self.host_needs)
            or bool(self.host_mode(levels))
            or self.host_drop(levels) is not None
        )

    def host_mode(self, levels: Levels) -> str:
        """What transparent huge pages have to be for the whole machine while a cell runs; empty where that is left to the machine."""
        return next((each.mode for each in self.host_modes if matches(each.where, levels)), "")

    def host_drop(self, levels: Levels) -> Caches | None:
        """Which caches the whole machine forgets just before a replicate of a cell; None where it forgets none."""
        return next((each.caches for each in self.host_drops if matches(each.where, levels)), None)

    def neighbour(self, levels: Levels) -> Neighbour | None:
        """Who works beside the replicates of a cell; None where nobody does."""
        return next((each for each in self.neighbours if matches(each.where, levels)), None)

    def laid(self, levels: Levels) -> tuple[Laid, ...]:
        """What the working folder of a cell holds."""
        return tuple(part.laid for part in self.folder if matches(part.where, levels))

    def factor(self, name: str) -> Factor:
        """The factor called *name*; KeyError if there is none."""
        for factor in self.factors:
            if factor.name == name:
                return factor
        raise KeyError(name)

    def metrics_of(self, levels: Levels) -> tuple[Metric, ...]:
        """The metrics that a cell with these levels gives, in the manifest's order."""
        return tuple(metric for metric in self.metrics if metric.applies_to(levels))
