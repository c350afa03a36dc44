"""Nanoseconds and bytes: their types, and how people write them."""

from __future__ import annotations

import re
from typing import Final, NewType

Nanos = NewType("Nanos", int)
"""A duration or an instant, in whole nanoseconds."""

_BYTES: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_DURATIONS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_ERRNOS: Final = {0: "0", 12: "ENOMEM"}
_NUMBER_AND_UNIT: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-zµ]+)")


def bytes_from_text(text: str) -> int:
    """``64MiB`` as a number of bytes; ValueError names the units there are."""
    return _from_text(text, _BYTES, "64MiB")


def duration_from_text(text: str) -> Nanos:
    """``1.5s`` as nanoseconds; ValueError names the units there are."""
    return Nanos(_from_text(text, _DURATIONS, "1.5s"))


def bytes_to_text(count: int) -> str:
    """The shortest exact form: 67108864 is ``64MiB``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if count and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]}{unit}"
    return f"{count}B"


def duration_to_text(nanos: float) -> str:
    """Three significant digits, in the unit that suits: 1084000 is ``1.08 ms``."""
    size = abs(nanos)
    for unit, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if size >= scale * 0.9995:
            return f"{_significant(nanos / scale)} {unit}"
    return f"{_significant(nanos)} ns" if nanos else "0 ns"


def long_duration_to_text(nanos: float) -> str:
    """Two significant digits, as somebody says it who waits: ``45 s``, ``25 min``, ``2.5 h``, ``3.2 days``."""
    for unit, scale in (("days", 86_400e9), ("h", 3_600e9), ("min", 60e9)):
        if nanos >= 1.5 * scale:
            amount = nanos / scale
            return f"{amount:.0f} {unit}" if amount >= 10 else f"{float(f'{amount:.2g}'):g} {unit}"  # noqa: PLR2004
    return f"{nanos / 1e9:.0f} s" if nanos >= 1e9 else duration_to_text(nanos)  # noqa: PLR2004


def rounded_bytes(count: float) -> str:
    """Three significant digits, for reading: 17408000000 is ``16.2 GiB``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if abs(count) >= _BYTES[unit]:
            return f"{_significant(count / _BYTES[unit])} {unit}"
    return f"{count:.0f} B"


def value_to_text(value: float, unit: str) -> str:
    """A number in a metric's unit, to three digits, counts of thousands whole: ``ns``, ``bytes``, ``errno``, ``share``, ``slope`` or a plain number."""
    match unit:
        case "ns":
            return duration_to_text(value)
        case "bytes":
            return rounded_bytes(value)
        case "errno":
            return _ERRNOS.get(round(value), f"{value:.3g}")
        case "slope":
            return f"{round(value, 2) + 0.0:.2f}"  # no minus before 0.00
        case "share":
            return f"{100 * value:.3g} %"
        case _:
            return f"{value:,.0f}" if _MANY <= abs(value) < _TOO_MANY else f"{value:.3g}"


_MANY, _TOO_MANY = 1e3, 1e9
"""Numbers that are read as they are: 16,384 rather than 1.64e+04."""


def _significant(number: float) -> str:
    decimals = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0  # noqa: PLR2004 - where a digit moves over
    return f"{number:.{decimals}f}"


def _from_text(text: str, units: dict[str, int], example: str) -> int:
    found = _NUMBER_AND_UNIT.fullmatch(text.strip())
    if found is None or found[2] not in units:
        raise ValueError(f"{text!r} is not a number and a unit such as {example} (units: {', '.join(units)})")
    return round(float(found[1]) * units[found[2]])
