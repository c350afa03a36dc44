"""What ``GODEBUG=inittrace=1`` prints on stderr, read: a line for each package whose inits ran (proc.go: doInit1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lab.errors import MeasurementError

_BEGINNING: Final = re.compile(r"^init \S+ @.*$", re.MULTILINE)
_LINE: Final = re.compile(
    r"init (?P<package>\S+) @(?P<at>\d+(?:\.\d+)?) ms, (?P<clock>\d+(?:\.\d+)?) ms clock,"
    r" (?P<bytes>\d+) bytes, (?P<allocs>\d+) allocs"
)
_MS: Final = 1_000_000
_LEAST_NS: Final = 1000
"""A duration of less is printed as 0 (runtime1.go: fmtNSAsMS)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """One package's inits: when they began after the runtime's own clock started, how long they took, what they allocated.

    The runtime prints no more than two digits, and cuts off what follows: the duration was ``clock_ns`` at least, and less
    than ``clock_ns + step_ns``.
    """

    package: str
    at_ns: int
    clock_ns: int
    step_ns: int
    allocated_bytes: int
    allocs: int


def inits(stderr: str) -> Iterator[Init]:
    """The packages in the order in which they were initialised; none where no trace was asked for.

    MeasurementError for a line that begins as one of the trace and goes on otherwise: another release, another format.
    """
    for line in _BEGINNING.findall(stderr):
        found = _LINE.fullmatch(line)
        if found is None:
            raise MeasurementError(
                f"a line of inittrace is in a format that nobody here knows: {line[:120]!r}",
                hint="lab/golang/inittrace.py reads what Go 1.21 to 1.27 print",
            )
        yield Init(
            package=found["package"],
            at_ns=_ns(found["at"]),
            clock_ns=_ns(found["clock"]),
            step_ns=_step(found["clock"]),
            allocated_bytes=int(found["bytes"]),
            allocs=int(found["allocs"]),
        )


def observed(stderr: str) -> Mapping[str, tuple[int, ...]]:
    """The trace as observations: each package's time, and what all of them are together; none where there is no trace."""
    found = tuple(inits(stderr))
    if not found:
        return {}
    return {f"inittrace:{init.package}_ns": (init.clock_ns,) for init in found} | {
        "inittrace_packages": (len(found),),
        "inittrace_clock_ns": (sum(init.clock_ns for init in found),),
        "inittrace_allocated_bytes": (sum(init.allocated_bytes for init in found),),
        "inittrace_allocs": (sum(init.allocs for init in found),),
    }


def _ns(milliseconds: str) -> int:
    return int(Decimal(milliseconds) * _MS)


def _step(milliseconds: str) -> int:
    decimals = len(milliseconds.partition(".")[2])
    return _LEAST_NS if milliseconds == "0" else _MS // 10**decimals
