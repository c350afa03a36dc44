"""What ``--json`` prints of predictions as a whole and of two runs side by side."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.metric import Statistic


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(_Published):
    """A number with its 95 % interval, or why there is none."""

    value: float | None = None
    ci: tuple[float | None, float | None] | None = None
    why: str | None = None


class EffectResult(_Published):
    """What changing one factor does: the ratio of two cells."""

    name: str
    measured: float
    measured_ci: tuple[float | None, float | None]
    predicted: float
    sign: Literal["agrees", "disagrees", "undecided"]


class QualityResult(_Published):
    """How good the predictions of a run are, over all metrics that were predicted and measured."""

    metrics: int
    cells: int
    held: dict[str, Told] = Field(description="share of processes within the 50 % and the 90 % interval")
    transform_p: float | None = Field(
        description="Cramér and von Mises' p-value of a uniform probability integral transform"
    )
    bias: Told = Field(description="measured over predicted")
    slope: Told = Field(description="of the error's logarithm on the level's")
    folk_skill: Told = Field(description="of the CRPS, against the folk model")
    effects: list[EffectResult]
    signs: Told = Field(description="share of measured signs that were predicted")
    tau: dict[str, float] = Field(description="Kendall's, by metric")
    shapes: dict[str, float] = Field(
        description="how far measured and simulated processes are apart, centre on centre, on logs (Wasserstein)"
    )
    odd_shapes: list[str] = Field(
        description="of these, which differ by more than chance (Benjamini and Hochberg at 5 %)"
    )


class PairedResult(_Published):
    """One metric in both runs: estimates with their 95 % intervals, new over old with its 90 % interval."""

    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Statistic
    old: float | None
    old_ci: tuple[float | None, float | None]
    new: float | None
    new_ci: tuple[float | None, float | None]
    ratio: float | None = None
    ratio_ci: tuple[float | None, float | None] | None = None
    margin: float | None = None
    no_ratio: str | None = Field(default=None, description="why there is no ratio")
    verdict: Literal["agrees", "disagrees", "inconclusive"]
    more: int | None = Field(default=None, description="how many more replicates of each run would decide")
    rank_p: float | None = Field(default=None, description="Mann-Whitney's p-value for any difference")
    holm_p: float | None = Field(default=None, description="the same, corrected for all metrics (Holm)")
    explored_p: float | None = Field(
        default=None, description="the same, for exploring (Benjamini and Hochberg)"
    )
    wasserstein: float | None = Field(
        default=None, description="distance of the two distributions of processes, on logs"
    )
    energy: float | None = Field(default=None, description="energy distance of the same")
    energy_p: float | None = Field(default=None, description="its p-value by permuting processes")
    shape_holm_p: float | None = Field(default=None, description="the same, corrected for all metrics (Holm)")


class ShiftResult(_Published):
    """An ending whose share of the replicates differs (Boschloo's p-value below 0.05)."""

    ending: str
    old: int
    of_old: int
    new: int
    of_new: int
    p: float


class LastingResult(_Published):
    """How many replicates timed out in each run; ``p`` of "they take equally long" (log-rank), or ``why`` there is none."""

    timed_out_old: int
    of_old: int
    timed_out_new: int
    of_new: int
    p: float | None
    why: str | None


class PairedCellResult(_Published):
    """The same cell in both runs."""

    old: str
    new: str
    metrics: dict[str, PairedResult]
    shifts: list[ShiftResult]
    lasting: LastingResult | None = Field(default=None, description="where replicates timed out")


class DifferenceResult(_Published):
    """A fact of the set-ups that differs."""

    fact: str
    old: str
    new: str


class VersusResult(_Published):
    """``golab compare A B --json``: B is the new run."""

    format: Literal[1]
    old: str
    new: str
    differences: list[DifferenceResult]
    cells: list[PairedCellResult]
    only_old: list[str]
    only_new: list[str]
    skill: Told = Field(description="of the new run's prediction against the old run's measurement")
