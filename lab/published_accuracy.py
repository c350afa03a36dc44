"""What ``golab validate --json`` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Over(_Published):
    """A number with its 95 % interval, or why there is none."""

    value: float | None
    ci: tuple[float | None, float | None]
    inconclusive: str | None = None


class AccuracyRow(_Published):
    """One metric of one cell."""

    set: str
    program: str
    cell: str
    metric: str
    unit: str
    processes: int
    measured: float
    aa: float = Field(description="how far the halves of the measurement are apart, as a share")
    predicted: float
    pi90: tuple[float, float]
    error: float = Field(
        description="predicted over measured, less 1; of two modes the distance of the distributions"
    )
    held: float = Field(description="share of processes within the 90 % interval")
    covers: bool = Field(
        description="whether the 90 % interval, which is for single processes, holds their mean: nearly always where the model is right"
    )
    two_modes: bool
    quiet: bool
    fails: bool
    why: str


class AccuracySum(_Published):
    """Over the rows of a set of programs."""

    set: str
    rows: int
    cells: int
    quiet: int
    median_error: Over
    p90_error: Over
    noisy_covered: Over = Field(
        description="share of the noisy rows whose mean the interval for single processes holds, a mean over cells; no 90 % interval of a mean"
    )
    held: Over
    folk_skill: Over


class AccuracyResult(_Published):
    """``golab validate --ring 2``."""

    format: Literal[1]
    costs: str
    calibrated: bool
    rows: list[AccuracyRow]
    sums: list[AccuracySum]
    left_out: dict[str, list[str]]
    not_predicted: dict[str, list[str]]
    not_judged: dict[str, list[str]] = Field(
        description="predicted metrics that have no error, by the reason: too few values, or one that is not positive"
    )
    unexpected: dict[str, int]
    excluded: dict[str, int]
    replicates: int


class RuleOutcome(_Published):
    """One rule: what its real program and its twin said, each with how often."""

    name: str
    title: str
    gomaxprocs: int
    says: str
    folk: str
    real: dict[str, int]
    simulated: dict[str, int]
    holds: bool


class RulesResult(_Published):
    """``golab validate --ring 1``."""

    format: Literal[1]
    rules: list[RuleOutcome]
    right: int = Field(description="runs of real programs, of all rules, that said what their rule says")
    runs: int
    right_share: Over = Field(
        description="right over runs, with Wilson's interval; the target is at least 0.99"
    )
    times: list[AccuracyRow]


class EndOutcome(_Published):
    """How a program's replicates and its simulated repetitions ended; no ``expected`` where chance or a race decides."""

    name: str
    title: str
    gomaxprocs: int
    expected: str
    real: dict[str, int]
    simulated: dict[str, int]
    difference: tuple[float, float, float] | None = Field(
        description="the largest difference of a share, measured less predicted, and its 95 % interval"
    )
    wrong: str
    race: bool = Field(description="decided by times: what is wrong with it fails nothing")


class EndsResult(_Published):
    """``golab validate --ring oracle``."""

    format: Literal[1]
    programs: list[EndOutcome]
