"""What a scenario is: one experiment with its factors, cells, metrics and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lab.model.building import Building, BuildPart
from lab.model.folder import FolderPart, Laid
from lab.model.instrument import ATTACHMENTS, PLAIN, WITH, Instrument, attached
from lab.model.level import UNSET, FactorKind, Level, Levels, matches, read_level
from lab.model.metric import Metric
from lab.model.process import ProcessPart, Variables
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
BUILT_IN_FACTORS: Final = (GOMAXPROCS, GO_RELEASE, ENGINE, QUOTA, CPUSET, MEMORY, GODEBUG, FS, WITH)
"""Factors that every scenario has, whatever its manifest says."""

AUTO: Final = "auto"
"""The level of GOMAXPROCS at which the variable is not set and the runtime decides; of the engine, where the run's own is it."""
TMPFS: Final = "tmpfs"
"""The level of FS at which a replicate's folder is the container's own, in memory."""
HOST_FS: Final = "host"
"""The level of FS at which the host's agent starts the replicate."""
QUIET_LEVELS: Final = {
    ENGINE: AUTO,
    QUOTA: UNSET,
    CPUSET: UNSET,
    MEMORY: UNSET,
    GODEBUG: UNSET,
    FS: TMPFS,
    WITH: PLAIN,
}
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
        return Building(**said, attached=attached(levels).overlay)

    def variables(self, levels: Levels) -> tuple[tuple[str, str], ...]:
        """The environment variables of a cell's processes that no factor sets: the manifest's, and those of an instrument."""
        given = [*self.process.variables, Variables(values=attached(levels).variables)]
        return tuple(
            variable for part in given if matches(part.where, levels) for variable in part.values.items()
        )

    def reads_of(self, levels: Levels) -> tuple[Instrument, ...]:
        """What the standard error of a cell's processes is read for; where a dump ends them, for nothing else."""
        looked = attached(levels)
        return () if looked.dumps else tuple(dict.fromkeys((*self.reads, *looked.reads)))

    def speaks(self, levels: Levels) -> bool:
        """Whether a cell's processes say what they saw. What is ended in the middle of its life has not come to say it."""
        return self.process.speaks and not attached(levels).dumps

    def endings(self, levels: Levels) -> tuple[Ending, ...]:
        """The endings of a cell's processes that are no failure: also to end by a dump that was asked for."""
        also = () if Ending.EXIT in self.expected or not attached(levels).dumps else (Ending.EXIT,)
        return (*self.expected, *also)

    def unattachable(self, levels: Levels, instrument: str) -> str:
        """Why a cell with these levels cannot be looked at with *instrument*; empty where it can."""
        language = self.building(levels).language
        if language != "go":
            return f"a program in {language.upper()} has no Go runtime to look at"
        if "go" in self.held(levels):
            return "its replicates are builds: the instrument would look at what starts the compiler"
        if "schedtrace" in ATTACHMENTS[instrument].reads and "inittrace=" in levels[GODEBUG].text:
            return "GODEBUG's inittrace and schedtrace print into the middle of each other's lines"
        own = [
            value for name, value in self.variables(levels) if name == "GODEBUG" and "schedtrace=" in value
        ]
        if own and ATTACHMENTS[instrument].variables:
            return f"its program runs with GODEBUG={own[0]} already"
        return ""

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

    def read_levels(self, texts: Mapping[str, str]) -> Levels:
        """The levels that a record names; ValueError for one that is none, KeyError for a factor that is none.

        What an earlier golab's record does not name is at its default: it knew no such factor.
        """
        return {factor.name: factor.default for factor in self.factors} | {
            name: self.factor(name).level(text) for name, text in texts.items()
        }

    @property
    def every_metric(self) -> tuple[Metric, ...]:
        """The manifest's metrics, and those that instruments add."""
        return (*self.metrics, *(metric for each in ATTACHMENTS.values() for metric in each.metrics))

    def metrics_of(self, levels: Levels) -> tuple[Metric, ...]:
        """The metrics that a cell with these levels gives, in the manifest's order, then those of its instrument."""
        looked = attached(levels)
        own = () if looked.dumps else (metric for metric in self.metrics if metric.applies_to(levels))
        return (*own, *looked.metrics)
