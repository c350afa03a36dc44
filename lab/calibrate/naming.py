"""From what the calibration program observed to costs: a value's name says which, at what levels, over how many operations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from lab.calibrate.deriving import derived
from lab.calibrate.primitive import Measured, Primitive
from lab.errors import MeasurementError
from lab.sim.costs import Cost, Point

_NAME: Final = re.compile(r"(?P<cost>[a-z0-9_]+?)(?:\{(?P<levels>[^{}]+)\})?(?:/(?P<over>[1-9]\d*))?(?:_ns)?")
_TENTHS: Final = 2
"""Decimals of a nanosecond that are kept: more is noise, and longer."""


def costs_of(rounds: Sequence[Mapping[str, Sequence[int]]], *, date: str, origin: str) -> Mapping[str, Cost]:
    """Costs from what each round's processes observed, by the observations' names, with what follows from them.

    MeasurementError for a name that is none: program and lab are then not of one version.
    """
    points: dict[Primitive, list[tuple[float, ...]]] = {}
    for seen in rounds:
        for primitive, values in derived(_read(seen)).items():
            points.setdefault(primitive, []).append(
                tuple(round(max(value, 0.0), _TENTHS) for value in values)
            )
    costs: dict[str, list[Point]] = {}
    for primitive, processes in sorted(points.items(), key=lambda item: _place(item[0])):
        costs.setdefault(primitive.cost, []).append(
            Point(levels=dict(primitive.levels), processes=tuple(processes))
        )
    return {
        name: Cost(name=name, points=tuple(made), date=date, origin=origin) for name, made in costs.items()
    }


def _place(primitive: Primitive) -> tuple[str, list[tuple[str, int, str]]]:
    """In a file and a table: by the cost's name, then by its levels, numbers by their size."""
    return primitive.cost, [
        (name, level, "") if isinstance(level, int) else (name, 0, level) for name, level in primitive.levels
    ]


def _read(seen: Mapping[str, Sequence[int]]) -> Measured:
    found: Measured = {}
    for name, values in seen.items():
        primitive, over = _meaning(name)
        if values:
            found[primitive] = tuple(value / over for value in values)
    return found


def _meaning(name: str) -> tuple[Primitive, int]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise MeasurementError(
            f"the calibration program observed {name!r}, which names no primitive", hint="run golab clean"
        )
    levels = tuple(_level(entry) for entry in (match["levels"] or "").split(",") if entry)
    return Primitive(match["cost"], levels), int(match["over"] or 1)


def _level(entry: str) -> tuple[str, int | str]:
    name, _, text = entry.partition("=")
    return name, int(text) if text.isdecimal() else text
