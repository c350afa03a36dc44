"""The Go benchmark format, as ``go test -bench`` writes it and benchstat reads it: lines in, lines out, nothing else.

The grammar is that of Go's proposal 14313 (Benchmark Format): a *configuration line* is a key, a colon and a value; a key
begins with a small letter and has neither white space nor capital letters; an empty value takes the key back. A
*benchmark line* has at least four fields: a name that begins with ``Benchmark`` and goes on with no small letter, the
number of iterations, then pairs of a value and its unit. Every other line means nothing, and is counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_CONFIGURATION: Final = re.compile(r"([^\s:]+):(?:[ \t]+(.*))?")
_PREFIX: Final = "Benchmark"
_LEAST_FIELDS: Final = 4


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is true of all benchmark lines that follow, until it is said anew; empty takes it back."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One line of results: its full name, iterations, and values by unit, in the order of the line."""

    name: str
    iterations: int
    values: Mapping[str, float]


def read_line(line: str) -> Configuration | Benchmark | None:
    """What a line says; None where it is no line of the format."""
    text = line.rstrip("\r\n")
    found = _CONFIGURATION.fullmatch(text)
    if found is not None and _is_key(found[1]):
        return Configuration(found[1], (found[2] or "").strip())
    fields = text.split()
    return _benchmark(fields) if _is_benchmark(fields) else None


def configuration_line(key: str, value: str) -> str:
    """A configuration line. ValueError where *key* is none, or *value* would not stay on one line."""
    if not _is_key(key) or ":" in key or re.search(r"\s", key):
        raise ValueError(f"{key!r} is no key of the benchmark format")
    return f"{key}: {' '.join(value.split())}\n"


def benchmark_line(name: str, iterations: int, values: Mapping[str, float]) -> str:
    """A benchmark line. ValueError where *name* or a unit has white space, or there are no values."""
    if not values or not name.startswith(_PREFIX) or any(re.search(r"\s", word) for word in (name, *values)):
        raise ValueError(f"{name!r} is no benchmark of the format, or has no values")
    pairs = "\t".join(f"{_number(value)} {unit}" for unit, value in values.items())
    return f"{name}\t{iterations}\t{pairs}\n"


def name_of(scenario: str, parts: Iterable[tuple[str, str]], procs: str = "") -> str:
    """``BenchmarkMmapLarge/mode=touch/size=64MiB-2``: key=value sub-names, and GOMAXPROCS behind a hyphen where it was set."""
    words = re.split(r"[^0-9A-Za-z]+", scenario)
    camel = "".join(word[:1].upper() + word[1:] for word in words)
    below = "".join(f"/{_word(key)}={_word(value)}" for key, value in parts)
    return f"{_PREFIX}{camel}{below}{f'-{procs}' if procs else ''}"


def _is_key(key: str) -> bool:
    return key[:1].islower() and not any(letter.isupper() for letter in key)


def _is_benchmark(fields: list[str]) -> bool:
    if len(fields) < _LEAST_FIELDS or len(fields) % 2 or not fields[0].startswith(_PREFIX):
        return False
    return not fields[0].removeprefix(_PREFIX)[:1].islower()


def _benchmark(fields: list[str]) -> Benchmark | None:
    try:
        iterations = int(fields[1])
        values = {unit: float(value) for value, unit in zip(fields[2::2], fields[3::2], strict=True)}
    except ValueError:
        return None
    if iterations <= 0 or not all(math.isfinite(value) for value in values.values()):
        return None
    return Benchmark(fields[0], iterations, values)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _word(text: str) -> str:
    """Without what would end a field or a sub-name."""
    return re.sub(r"[\s/]+", "_", text)
