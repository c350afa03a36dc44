"""Observations that no program made: of its marks, of what kernel and clock account for it, of what instruments wrote to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from lab.errors import MeasurementError
from lab.golang import inittrace, sampled, schedtrace
from lab.model.instrument import Instrument
from lab.model.run import Usage
from lab.model.units import Nanos

Observations = Mapping[str, tuple[int, ...]]

_READERS: Final[Mapping[Instrument, Callable[[str], Observations]]] = {
    "inittrace": inittrace.observed,
    "schedtrace": schedtrace.observed,
    "metrics": sampled.observed,
}
"""What makes observations of a standard error; MeasurementError where it is in a format that nobody knows."""
_SUMMED: Final[frozenset[Instrument]] = frozenset({"inittrace"})
"""Of which a beginning says nothing: what is observed is the sum of all lines. Others are samples, each of which stands for itself."""

_INSTANTS: Final = {"sampled_at": "sampled_at_ns"}
"""Observations that are instants of CLOCK_MONOTONIC, and what they are called as times since the process was made."""


def is_printing(instruments: Iterable[Instrument], environment: Iterable[str]) -> bool:
    """Whether a process with these ``NAME=value`` entries prints what one of *instruments* reads: each is a setting of GODEBUG."""
    settings = {
        setting.partition("=")[0]
        for entry in environment
        if entry.startswith("GODEBUG=")
        for setting in entry.removeprefix("GODEBUG=").split(",")
    }
    return not settings.isdisjoint(instruments)


def of_marks(marks: Mapping[str, int], start_ns: int) -> Observations:
    """For each mark ``start_to_NAME_ns``: from just before the process was made to the mark; both are CLOCK_MONOTONIC."""
    return {f"start_to_{name}_ns": (at - start_ns,) for name, at in marks.items()}


def of_process(wall: Nanos, usage: Usage) -> Observations:
    """What is known of a process that says nothing: its duration, its rusage."""
    return {
        "wall_ns": (wall,),
        "cpu_ns": (usage.user_ns + usage.system_ns,),
        "max_rss_bytes": (usage.max_rss_bytes,),
        "minor_faults": (usage.minor_faults,),
        "major_faults": (usage.major_faults,),
        "voluntary_switches": (usage.voluntary_switches,),
        "involuntary_switches": (usage.involuntary_switches,),
    }


def of_instruments(
    instruments: Iterable[Instrument], stderr: str, *, start_ns: int, is_cut: bool
) -> Observations:
    """What *instruments* wrote to *stderr*, of a process that was made at *start_ns*.

    MeasurementError where one has to be whole and is not, or is in a format that nobody knows.
    """
    found: dict[str, tuple[int, ...]] = {}
    for instrument in instruments:
        if is_cut and instrument in _SUMMED:
            raise MeasurementError(
                f"only the beginning of its standard error was kept: {instrument} is not whole"
            )
        for name, values in _READERS[instrument](stderr).items():
            if name in _INSTANTS:
                found[_INSTANTS[name]] = tuple(value - start_ns for value in values)
            else:
                found[name] = values
    return found
