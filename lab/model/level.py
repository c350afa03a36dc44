"""Levels: the values of a factor, as a program gets them and as a person writes them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from lab.model.units import bytes_from_text, bytes_to_text, duration_from_text

LevelValue = int | str
"""Bytes and durations are ints in their base unit; everything else is its own text or whole number."""

UNSET: Final = "unset"
"""The level of a factor at which its environment variable is not set, or its container is not limited."""


class FactorKind(enum.Enum):
    """What a factor's levels are, which says how they are read and written."""

    BYTES = "bytes"
    DURATION = "duration"
    INTEGER = "integer"
    TEXT = "text"
    AMOUNT = "amount"
    """A positive decimal."""
    CPUS = "cpus"
    """CPUs by their numbers: ``0``, ``0-3``, ``0-1+4``."""
    SETTINGS = "settings"
    """``name=value``, several with a ``+`` between them."""
    FOLDER = "folder"
    """What a folder lies on: ``tmpfs``, ``bind``, ``host``, ``overlay:N``, ``overlay-mount:N``."""


@dataclass(frozen=True, slots=True)
class Level:
    """One value of a factor: as a program gets it, and as a person writes it."""

    value: LevelValue
    text: str


Levels = Mapping[str, Level]
"""One level of each factor, by the factor's name, in the manifest's order."""


def matches(where: Mapping[str, tuple[str, ...]], levels: Levels) -> bool:
    """Whether *levels* lie within *where*; a factor that *where* does not name may have any level."""
    return all(levels[name].text in texts for name, texts in where.items())


def read_level(kind: FactorKind, text: str) -> Level:
    """A level from its text; ValueError says what would be right."""
    return _READERS[kind](text)


def cpus_of(level: Level) -> frozenset[int]:
    """The numbers of the CPUs that a level names; none where it names none."""
    if level.text == UNSET:
        return frozenset()
    ends = [[int(end) for end in part.split("-")] for part in str(level.value).split(",")]
    return frozenset(cpu for end in ends for cpu in range(end[0], end[-1] + 1))


def _bytes(text: str) -> Level:
    count = bytes_from_text(text)
    return Level(count, bytes_to_text(count))


def _duration(text: str) -> Level:
    return Level(int(duration_from_text(text)), text.strip())


def _integer(text: str) -> Level:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return Level(int(text), str(int(text)))


def _text(text: str) -> Level:
    return Level(text, text)


def _amount(text: str) -> Level:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    plain = f"{amount.normalize():f}"
    return Level(plain, plain)


_CPUS: Final = re.compile(r"\d{1,4}(-\d{1,4})?(\+\d{1,4}(-\d{1,4})?)*")
_SETTINGS: Final = re.compile(r"[a-z0-9]+=[^\s,+=]+(\+[a-z0-9]+=[^\s,+=]+)*")


def _cpus(text: str) -> Level:
    level = Level(text.replace("+", ","), text)
    if not _CPUS.fullmatch(text) or len(cpus_of(level)) < text.count("-") + text.count("+") + 1:
        raise ValueError(f"{text!r} names no CPUs, or one of them twice (0, 0-3, 0-1+4)")
    return level


def _settings(text: str) -> Level:
    if not _SETTINGS.fullmatch(text):
        raise ValueError(f"{text!r} is no setting (name=value, several with + between them)")
    return Level(text.replace("+", ","), text)


MOST_LAYERS: Final = {"overlay": 125, "overlay-mount": 500}
"""Layers that an image may have (126 are refused by overlay2), and lower directories whose names fit a mount's options."""


def _folder(text: str) -> Level:
    kind, colon, number = text.partition(":")
    if text in ("tmpfs", "bind", "host"):
        return Level(text, text)
    if kind not in MOST_LAYERS or not colon or not (number.isascii() and number.isdigit()):
        raise ValueError(f"{text!r} is no place for a folder (tmpfs, bind, host, overlay:N, overlay-mount:N)")
    if not 1 <= int(number) <= MOST_LAYERS[kind]:
        raise ValueError(f"{kind} has from 1 to {MOST_LAYERS[kind]} layers, not {int(number)}")
    plain = f"{kind}:{int(number)}"
    return Level(plain, plain)


_READERS: Final[Mapping[FactorKind, Callable[[str], Level]]] = {
    FactorKind.BYTES: _bytes,
    FactorKind.DURATION: _duration,
    FactorKind.INTEGER: _integer,
    FactorKind.TEXT: _text,
    FactorKind.AMOUNT: _amount,
    FactorKind.CPUS: _cpus,
    FactorKind.SETTINGS: _settings,
    FactorKind.FOLDER: _folder,
}
