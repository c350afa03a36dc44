"""What is concluded from records: estimates and, per cell and metric, what a reader is told."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lab.model.dump import CellDump
from lab.model.looked import Looked
from lab.model.run import Ending

LOST: Final = (Ending.EXIT_NONZERO, Ending.SIGNAL, Ending.DEADLOCK, Ending.TIMEOUT, Ending.OOM)
"""Endings that leave no value because of what the program did: the values of the others are not the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its uncertainty; ``low`` and ``high`` are None where n gives no interval."""

    value: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the simulator foretells of one process: its centre, and the 90 % interval of single processes.

    ``log_se`` is the standard error of the centre's logarithm, from ``calibrations`` resampled calibrations.
    ``values`` are the simulated processes, one value each; ``folk`` those of the baseline that it has to beat.
    """

    value: float
    low: float
    high: float
    log_se: float
    calibrations: int
    n: int
    values: tuple[float, ...] = ()
    folk: tuple[float, ...] = ()


class Reason(enum.Enum):
    """Why there is no number."""

    NOTHING_MEASURED = "nothing measured"
    NO_VALUE = "no value"
    TOO_FEW = "too few"
    NOT_POSITIVE = "not positive"
    BELOW_RESOLUTION = "below resolution"
    CONSTANT = "always the same"
    NEVER_ENDED = "never ended"
    LOST = "values lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconclusive:
    """What stands where a number would, and a sentence that says what is missing.

    ``wanted`` is how many would do, where it is a matter of how many.
    """

    reason: Reason
    why: str
    wanted: int | None = None


Foretold = Mapping[tuple[str, str], Prediction | str]
"""By cell id and metric name: a prediction, or why there is none."""


CALIBRATIONS: Final = 8
"""How often a calibration is resampled for a prediction: the spread between these is its uncertainty."""

ForetoldOutcome = Mapping[str, int] | str
"""How many simulated processes ended in each of the simulator's outcomes, or why none was simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What is predicted of a run's cells: metrics by cell id and name, and by cell id how its processes end."""

    metrics: Foretold
    outcomes: Mapping[str, ForetoldOutcome] = field(default_factory=dict)


class Verdict(enum.Enum):
    """Whether a prediction holds."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Measured over predicted: the ratio, its 90 % interval, and the verdict under the margin.

    ``more`` is how many more replicates would decide; None where they would not, or where it is decided. ``p`` is
    that of the two one-sided tests (TOST): at most 0.05 exactly where the verdict is *agrees*; ``p_disagrees`` is that
    of "it lies within the margin": below 0.05 exactly where the verdict is *disagrees*.
    """

    ratio: float
    low: float | None
    high: float | None
    margin: float
    verdict: Verdict
    more: int | None = None
    p: float | None = None
    p_disagrees: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """The same metric of the same cell in two measured runs: new over old.

    ``rank_p`` is the Mann-Whitney test's for any difference, by ``rank_method``; it stands beside the verdict and
    never decides.
    """

    comparison: Comparison
    rank_p: float
    rank_method: str
    n_new: int
    n_old: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How alike repetitions of one process are, and how many independent values they are worth.

    ``icc`` is None where it cannot be told (one process, one value each, all alike); then the processes count.
    """

    icc: float | None
    low: float | None
    high: float | None
    effective_n: float
    processes: int
    repetitions: int
    scale: Literal["log", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A duration of which is only known that it is longer: fewer than half of the *n* processes ended."""

    at_least: float
    ended: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareComparison:
    """A difference of two shares with its 95 % interval, and the p-value of "there is none"."""

    difference: float
    low: float
    high: float
    p: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a cell's processes ended, each word with how many: exit, panic, deadlock or hang, else the lab's own word for an ending.

    ``predicted`` are the simulated processes, none where ``not_predicted`` says why; ``why`` is what decides, ``more`` how many more
    replicates would, and ``margin`` how far a share may be off. The verdict is None where nothing is predicted or nothing was measured.
    """

    measured: Mapping[str, int] = field(default_factory=dict)
    predicted: Mapping[str, int] = field(default_factory=dict)
    not_predicted: str = ""
    verdict: Verdict | None = None
    margin: float | None = None
    why: str = ""
    more: int | None = None

    @property
    def simply_exits(self) -> bool:
        """Whether every process simply exits, the measured and the predicted ones: nothing that a reader of metrics has to be told."""
        return {*self.measured, *self.predicted} <= {"exit"}


class CautionKind(enum.Enum):
    """What a reader of a metric is warned of."""

    TREND = "trend"
    DRIFT = "drift"
    BELOW_RESOLUTION = "below resolution"
    TOO_FEW_FOR_TAIL = "too few for a tail"
    TOO_ALIKE_FOR_TAIL = "too alike for a tail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A warning beside a metric, in a sentence."""

    kind: CautionKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMetric:
    """One metric of one cell: one value a replicate, what they estimate, and what was predicted or why nothing was.

    ``no_ratio`` says why there is no comparison where there is a prediction. ``correlation`` is there where some
    process gave more than one value; ``tails`` are p90, p95, p99 and p99.9 of all repetitions together, ``no_tails``
    says why one of them cannot be told.
    """

    name: str
    unit: str
    statistic: str
    values: tuple[float, ...]
    estimate: Estimate | None
    not_predicted: str
    prediction: Prediction | None = None
    comparison: Comparison | None = None
    no_ratio: Inconclusive | None = None
    repetitions: int = 0
    correlation: Correlation | None = None
    cautions: tuple[Caution, ...] = ()
    tails: Mapping[str, Estimate] = field(default_factory=dict)
    no_tails: Mapping[str, Inconclusive] = field(default_factory=dict)

    @property
    def processes(self) -> int:
        """How many replicates gave a value."""
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One cell of a finished run: how its replicates ended, and what they measured.

    ``scenario`` is whose cell it is. ``expected`` endings are no failure. ``excluded`` counts the replicates that a rule on the environment put aside, by
    its reason; they are in ``outcomes``, too. Where replicates timed out, ``lasted_ns`` is the median duration of a replicate that takes them for
    longer than their limit, or ``longer_than_ns`` the bound that is known of it. ``looked`` is there where an instrument looks at it.
    """

    id: str
    levels: Mapping[str, str]
    outcomes: Mapping[str, int]
    reasons: Mapping[str, str]
    metrics: tuple[MeasuredMetric, ...]
    scenario: str = ""
    expected: tuple[str, ...] = ("exit",)
    excluded: Mapping[str, int] = field(default_factory=dict)
    lasted_ns: Estimate | None = None
    longer_than_ns: Bound | None = None
    dump: CellDump | None = None
    outcome: Outcome = Outcome()
    looked: Looked | None = None

    @property
    def told_outcome(self) -> Outcome | None:
        """The outcome, where it is worth a line: what is predicted or measured of it is not simply an exit, or it is all that there is of the cell.

        An ending that nobody predicted stands with the replicates beside the metrics, if there are any.
        """
        found = self.outcome
        if found.predicted:
            return None if found.simply_exits and self.metrics else found
        return found if found.not_predicted and not self.metrics else None

    @property
    def unexpected(self) -> Mapping[str, int]:
        """The endings that a replicate of this cell should not have, with how many had them."""
        return {ending: count for ending, count in self.outcomes.items() if ending not in self.expected}

    @property
    def lost(self) -> Inconclusive | None:
        """Why the values of this cell are not those of all its replicates, if some gave none for what the program did.

        A timeout is longer than its limit, not missing: what is left of a sample without its longest says nothing of it.
        """
        ways = [(count, each.value) for each in LOST if (count := self.outcomes.get(each.value, 0))]
        if not ways:
            return None
        told = ", ".join(f"{count} {ending}" for count, ending in ways)
        return Inconclusive(
            reason=Reason.LOST,
            why=f"not every replicate of {self.id} came to a value ({told}), and the others are not the whole",
        )


class ClaimVerdict(enum.Enum):
    """What a machine's own measurements say of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    DEPENDS = "depends"
    NOT_DECIDED = "not decided"
    UNTESTABLE = "untestable here"
    NOT_MEASURED = "not measured yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one rule of a claim says: its quantity with its interval and, in ``why``, what decides; or why there is none.

    The end of an interval may be infinite: "beyond what was measured". ``cells`` are the cells that the rule looks at.
    """

    says: str
    verdict: ClaimVerdict
    unit: str
    estimate: Estimate | None
    why: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A claim with its verdict, and the numbers behind it in words and, rule by rule, as they are.

    ``open`` says what part of it nothing measures yet, or is empty.
    """

    id: str
    statement: str
    verdict: ClaimVerdict
    why: str
    rulings: tuple[Ruling, ...] = ()
    open: str = ""

    @property
    def is_touched(self) -> bool:
        """Whether anything of it was measured."""
        return any(ruling.verdict is not ClaimVerdict.NOT_MEASURED for ruling in self.rulings)
