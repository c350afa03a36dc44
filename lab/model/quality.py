"""How good predictions are, over all cells at once, and how two distributions differ."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from lab.model.outcome import Estimate, Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Distances of two samples' logarithms; p-values by permuting processes. The last distance only describes."""

    wasserstein: float
    wasserstein_p: float
    energy: float
    energy_p: float
    kolmogorov_smirnov: float
    permutations: int
    processes: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """The probability integral transform: where in its prediction each cell's measured process lies, from 0 to 1.

    Of a prediction that knows its own uncertainty these are uniform; ``p`` is Cramér and von Mises' for that.
    """

    values: Mapping[str, float]
    statistic: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Bland and Altman's: measured over predicted, and between which ratios 95 % of cells lie; each with its interval."""

    ratio: Estimate
    lower: Estimate
    upper: Estimate


class Sign(enum.Enum):
    """Whether a factor does to the prediction what it does to the measurement."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What changing one factor does: the ratio of two cells, measured and predicted, and the one over the other."""

    name: str
    measured: Estimate
    predicted: float
    size: Estimate
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Effects of factors, and how many of those that were measured with a sign are predicted with it.

    ``left_out`` says, by name, of which pairs no ratio can be formed.
    """

    each: tuple[Effect, ...]
    signs: Estimate | Inconclusive
    left_out: Mapping[str, Inconclusive]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Kendall's tau-b of the cells' order, measured against predicted, and the p-value of "there is no relation"."""

    tau: float
    p: float
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Of every metric that is predicted and was measured, by ``cell/metric``.

    ``shapes`` is how far measured and simulated processes of a metric are apart when their centres are laid on each
    other, and ``odd`` which of them differ by more than chance (Benjamini and Hochberg at 5 %: it is for exploring).
    ``held`` is the share of processes that the simulator's 50 % and 90 % intervals hold; ``folk`` the skill against the
    folk model; ``orders`` whether cells come in the predicted order, by metric.
    """

    metrics: int
    cells: int
    held: Mapping[float, Estimate | Inconclusive]
    transform: Transform | Inconclusive
    bias: Bias | Inconclusive
    slope: Estimate | Inconclusive
    folk: Estimate | Inconclusive
    effects: Effects
    orders: Mapping[str, Order]
    shapes: Mapping[str, Shape]
    odd: tuple[str, ...]
