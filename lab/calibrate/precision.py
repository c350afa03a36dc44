"""How well each primitive was measured: what a calibration prints of itself."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab.calibrate.drifting import half_ratio, medians
from lab.calibrate.groups import SHARES
from lab.model.outcome import Estimate
from lab.model.units import bytes_to_text, duration_to_text
from lab.sim.costs import Costs, Point
from lab.stats.estimate import centre
from lab.stats.process import quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """One primitive at its levels.

    Spreads are shares of the middle: from the 10 % to the 90 % of a process's values (the median over processes), and of
    the processes' medians; ``halves`` is A against A, the later half over the earlier. A share's ``middle`` is the mean of
    the processes' own, and how far these are apart is told in shares.
    """

    cost: str
    levels: Mapping[str, int | str]
    processes: int
    values: int
    middle: float
    interval: tuple[float, float] | None
    within: float | None
    between: float | None
    halves: tuple[float, float, float] | None


def precision(costs: Costs) -> Iterator[Precision]:
    """A line each."""
    for name, cost in costs.costs.items():
        for point in cost.points:
            yield _share(name, point) if name in SHARES else _duration(name, point)


def in_words(lines: Iterable[Precision]) -> Iterator[str]:
    """A table, its head first."""
    yield (
        f"{'primitive':22} {'levels':36} {'middle':>9} {'95 % of it':>19} {'within':>7} {'between':>7}"
        f" {'A/A':>18} {'n':>3} {'values':>6}"
    )
    for line in lines:
        text = _as_share if line.cost in SHARES else duration_to_text
        interval = f"{text(line.interval[0])} … {text(line.interval[1])}" if line.interval else ""
        halves = f"{line.halves[0]:.2f} ({line.halves[1]:.2f} … {line.halves[2]:.2f})" if line.halves else ""
        levels = ", ".join(f"{name} {_level(name, level)}" for name, level in line.levels.items())
        yield (
            f"{line.cost:22} {levels:36} {text(line.middle):>9} {interval:>19} {_percent(line.within):>7}"
            f" {_percent(line.between):>7} {halves:>18} {line.processes:>3} {line.values:>6}"
        )


def _duration(name: str, point: Point) -> Precision:
    middles = medians(point)
    found = centre(middles)
    ratio = half_ratio(point)
    middle = quantile(middles.values, 0.5)
    spreads = (_spread(values) for values in point.processes if len(values) > 1)
    inner = [each for each in spreads if each is not None]
    return Precision(
        cost=name,
        levels=point.levels,
        processes=middles.n,
        values=sum(map(len, point.processes)),
        middle=middle,
        interval=_ends(found) if found is not None else None,
        within=quantile(inner, 0.5) if inner else None,
        between=_spread(middles.values),
        halves=(ratio.value, *ends) if isinstance(ratio, Estimate) and (ends := _ends(ratio)) else None,
    )


def _share(name: str, point: Point) -> Precision:
    shares = [statistics.fmean(values) for values in point.processes]
    return Precision(
        cost=name,
        levels=point.levels,
        processes=len(shares),
        values=sum(map(len, point.processes)),
        middle=statistics.fmean(shares),
        interval=None,
        within=None,
        between=quantile(shares, 0.9) - quantile(shares, 0.1),
        halves=None,
    )


def _ends(found: Estimate) -> tuple[float, float] | None:
    return None if found.low is None or found.high is None else (found.low, found.high)


def _spread(values: tuple[float, ...]) -> float | None:
    middle = quantile(values, 0.5)
    return (quantile(values, 0.9) - quantile(values, 0.1)) / middle if middle > 0 else None


def _percent(share: float | None) -> str:
    return "" if share is None or math.isnan(share) else f"{share:.0%}"


def _as_share(share: float) -> str:
    return f"{share:.2f}"


def _level(name: str, level: int | str) -> str:
    if isinstance(level, str):
        return level
    if name in ("gap", "ns"):
        return duration_to_text(level)
    return bytes_to_text(level) if name in ("bytes", "page") else str(level)
