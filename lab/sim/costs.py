"""What things cost on a machine: distributions that were measured, never constants that were fitted.

A cost is known at one or more *points* (its levels, such as ``bytes=4096``). Each point holds, for every
calibration process, the values that this process saw. A simulated process stands for one such process: it
draws all its values of a cost from the same one, so that simulated processes differ from each other as
real ones do, and not only by the noise within one.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lab.errors import LabError, SimulatedProgramError

FORMAT: Final = 1
"""The format of a calibration's file. History. 1: first."""
_BLOCK: Final = 256
"""Values drawn at a time."""


class CostsError(LabError):
    """A calibration cannot be used as it is."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One cost at one combination of levels: per process its values, in nanoseconds, in no order."""

    levels: Mapping[str, int | str]
    processes: tuple[tuple[float, ...], ...]

    def value(self, process: float, value: float) -> float:
        """The value at the place *value* (0 … 1) of the process at the place *process* (0 … 1)."""
        values = self.processes[int(process * len(self.processes))]
        return values[int(value * len(values))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A named cost at all its points. ``date`` and ``origin`` say when and how it was had."""

    name: str
    points: tuple[Point, ...]
    date: str
    origin: str

    @property
    def n(self) -> int:
        """The number of processes behind its least known point."""
        return min(len(point.processes) for point in self.points)

    def values(self, levels: Mapping[str, int | str], process: float) -> Sequence[float]:
        """All values at a measured point of the process at the place *process* (0 … 1)."""
        for point in self.points:
            if point.levels == levels:
                return point.processes[int(process * len(point.processes))]
        raise self._unknown(levels)

    def value(self, levels: Mapping[str, int | str], process: float, value: float) -> float:
        """A value at *levels*; between two measured numbers, interpolated on the log scale, beyond them carried on.

        SimulatedProgramError names the levels that there are.
        """
        for point in self.points:
            if point.levels == levels:
                return point.value(process, value)
        number = _only_number(levels)
        near = sorted(
            (point for point in self.points if number and _agree_but(number, point.levels, levels)),
            key=lambda point: point.levels[number],
        )
        if not near:
            raise self._unknown(levels)
        return _interpolated(near, number, int(levels[number]), (process, value))

    def _unknown(self, levels: Mapping[str, int | str]) -> SimulatedProgramError:
        known = "; ".join(
            ", ".join(f"{k}={v}" for k, v in point.levels.items()) or "none" for point in self.points
        )
        asked = ", ".join(f"{k}={v}" for k, v in levels.items()) or "none"
        return SimulatedProgramError(f"cost {self.name!r} is not known at {asked}", hint=f"levels: {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The costs of one machine. ``source`` is ``packaged`` or what they were read from."""

    source: str
    identity: str
    fingerprint: str
    calibrated: bool
    costs: Mapping[str, Cost]

    def cost(self, name: str) -> Cost:
        """The cost called *name*; SimulatedProgramError lists the known ones."""
        try:
            return self.costs[name]
        except KeyError:
            known = ", ".join(sorted(self.costs))
            raise SimulatedProgramError(f"no cost is called {name!r}", hint=f"there are: {known}") from None

    def merged(self, newer: Costs) -> Costs:
        """These, with *newer*'s in place of those of the same name."""
        return replace(newer, costs={**self.costs, **newer.costs})

    def resampled(self, source: random.Random) -> Costs:
        """As another calibration of the same machine might have found them: processes drawn again, with replacement."""
        return replace(self, costs={name: _resampled(cost, source) for name, cost in self.costs.items()})

    def to_json(self) -> str:
        """The text that :func:`from_json` reads."""
        return json.dumps(
            {
                "format": FORMAT,
                "identity": self.identity,
                "fingerprint": self.fingerprint,
                "unit": "ns",
                "costs": [
                    {
                        "name": cost.name,
                        "date": cost.date,
                        "origin": cost.origin,
                        "n": cost.n,
                        "points": [
                            {
                                "levels": dict(point.levels),
                                "processes": [list(values) for values in point.processes],
                            }
                            for point in cost.points
                        ],
                    }
                    for cost in self.costs.values()
                ],
            }
        )


def from_json(text: str, *, source: str, fingerprint: str | None = None) -> Costs:
    """The costs of a calibration's file. CostsError for another format, another machine, or half a file."""
    try:
        read = json.loads(text)
        if read["format"] != FORMAT:
            raise CostsError(
                f"{source}: is of format {read['format']}; this golab reads {FORMAT}", hint=_RENEW
            )
        found = {each["name"]: _cost(each) for each in read["costs"]}
        made_on = str(read["fingerprint"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CostsError(
            f"{source}: is no whole calibration: {type(error).__name__}: {error}", hint=_RENEW
        ) from None
    if fingerprint is not None and made_on != fingerprint:
        raise CostsError(
            f"{source}: was measured on another machine ({made_on[:12]}, this one is {fingerprint[:12]})",
            hint=_RENEW,
        )
    return Costs(
        source=source, identity=str(read["identity"]), fingerprint=made_on, calibrated=True, costs=found
    )


_RENEW: Final = "measure this machine anew: golab calibrate"


class Draws:
    """What one simulated process draws: from one process of each calibration, values as they come."""

    def __init__(self, costs: Costs, source: random.Random) -> None:
        self._costs = costs
        self._random = source.random
        self._choices = source.choices
        self._process = self._random()

    def source(self, name: str, *first: int) -> Callable[[], int]:
        """What gives one value after the other of a cost without levels, after those of *first*; faster than by name."""
        values = [round(value) for value in self._costs.cost(name).values({}, self._process)]
        drawn = itertools.repeat(values[0]) if len(values) == 1 else self._blocks(values)
        return (itertools.chain(first, drawn) if first else drawn).__next__

    def share(self, name: str, levels: Mapping[str, int | str]) -> float:
        """Of a cost that says of each time whether something was so (1) or not (0): how often it was, in this process."""
        values = self._costs.cost(name).values(levels, self._process)
        return sum(values) / len(values)

    def is_something(self, name: str) -> bool:
        """Whether a cost is ever more than 0."""
        return any(
            value for point in self._costs.cost(name).points for each in point.processes for value in each
        )

    def _blocks(self, values: Sequence[int]) -> Iterator[int]:
        while True:
            yield from self._choices(values, k=_BLOCK)

    def __call__(self, name: str, levels: Mapping[str, int | str] | None = None) -> int:
        """One value in whole nanoseconds."""
        return round(self._costs.cost(name).value(levels or {}, self._process, self._random()))


def _cost(read: Mapping[str, Any]) -> Cost:
    points = tuple(
        Point(
            levels={str(k): v if isinstance(v, int) else str(v) for k, v in point["levels"].items()},
            processes=tuple(tuple(_duration(value) for value in values) for values in point["processes"]),
        )
        for point in read["points"]
    )
    if not points or not all(point.processes and all(point.processes) for point in points):
        raise ValueError(f"cost {read['name']} has no values")
    return Cost(name=str(read["name"]), points=points, date=str(read["date"]), origin=str(read["origin"]))


def _duration(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{value!r} is no duration")
    return float(value)


def _agree_but(number: str, known: Mapping[str, int | str], asked: Mapping[str, int | str]) -> bool:
    return known.keys() == asked.keys() and all(
        known[name] == asked[name] for name in asked if name != number
    )


def _only_number(levels: Mapping[str, int | str]) -> str:
    numbers = [name for name, value in levels.items() if isinstance(value, int)]
    return numbers[0] if len(numbers) == 1 else ""


def _interpolated(points: list[Point], number: str, at: int, place: tuple[float, float]) -> float:
    places = [int(point.levels[number]) for point in points]
    values = [point.value(*place) for point in points]
    if len(points) == 1:
        return values[0]
    right = min(max(sum(x < at for x in places), 1), len(points) - 1)
    left = right - 1
    share = (math.log(max(at, 1)) - math.log(max(places[left], 1))) / (
        math.log(max(places[right], 1)) - math.log(max(places[left], 1))
    )
    if values[left] == values[right]:
        return values[left]
    low, high = (math.log(max(value, 1)) for value in (values[left], values[right]))
    return math.exp(low + share * (high - low))


def _resampled(cost: Cost, source: random.Random) -> Cost:
    points = []
    for point in cost.points:
        again: Iterable[tuple[float, ...]] = source.choices(point.processes, k=len(point.processes))
        points.append(replace(point, processes=tuple(again)))
    return replace(cost, points=tuple(points))
