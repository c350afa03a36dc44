"""How far predictions are from measurements over the programs that the simulator is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.model.outcome import Estimate, Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One metric of one cell: what was measured, how far its own halves are apart, what was predicted, and how far off that is.

    ``error`` is predicted over measured, less 1. Where either has two modes there is no one centre (``bimodal``): then ``error`` is
    how far the values of one distribution have to be moved to become the other, as a share; so is ``aa`` where what was measured has. ``held`` is the share of measured
    processes that the 90 % prediction interval holds, ``covers`` whether it holds their centre (the mean, on the log scale), as it does
    nearly always where the model is right: it is made for single processes. ``why`` is the written reason of
    a failure, or empty.
    """

    kept: str
    program: str
    cell: str
    metric: str
    unit: str
    n: int
    measured: float
    aa: float
    predicted: float
    low: float
    high: float
    error: float
    held: float
    covers: bool
    bimodal: bool
    quiet: bool
    fails: bool
    why: str = ""

    @property
    def name(self) -> str:
        """As forecasts are named."""
        return f"{self.cell}/{self.metric}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Over rows: how many there are, how many of them measure the same as themselves, and the errors of these."""

    kept: str
    rows: int
    cells: int
    quiet: int
    median: Estimate | Inconclusive
    p90: Estimate | Inconclusive
    noisy_covered: Estimate | Inconclusive
    held: Estimate | Inconclusive
    folk: Estimate | Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The rows, the sums over each set of programs and over both, and what is missing with its reason.

    ``left_out`` has by reason the cells that could not be measured, ``not_predicted`` by reason the rows without a prediction,
    ``not_judged`` by reason those that have one and yet no error: too few values, or one that is not positive.
    ``unexpected`` has by ending how many replicates ended otherwise than by an exit.
    """

    rows: tuple[Row, ...]
    sums: tuple[Errors, ...]
    left_out: Mapping[str, tuple[str, ...]]
    not_predicted: Mapping[str, tuple[str, ...]]
    not_judged: Mapping[str, tuple[str, ...]]
    unexpected: Mapping[str, int]
    excluded: Mapping[str, int]
    replicates: int

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that miss what they are judged by."""
        return tuple(row for row in self.rows if row.fails)
