"""Which replicates are put aside: by rules on signals of the environment that the manifest names, never by what was measured.

A signal has a resolution, and what lies within it excludes nothing: the kernel counts stolen time in ticks of 10 ms, so
that a single tick in a replicate of 20 ms says little, and says it of one replicate in many by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lab.model.run import Record
from lab.model.scenario import Exclusion

_TICK_NS: Final = 10_000_000
"""USER_HZ is 100 on every Linux for amd64: proc(5), /proc/stat."""
_PRESSURES: Final = {
    "psi_cpu_share": ("psi_cpu_some_us", "something waited for a CPU"),
    "psi_memory_share": ("psi_memory_some_us", "something waited for memory"),
    "psi_io_share": ("psi_io_some_us", "something waited for a disk"),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was so around a replicate that its agent cannot see: the machine's CPUs, a quota that was asked for, strangers."""

    cpus: int
    has_quota: bool = False
    strangers: tuple[str, ...] = ()
    """Containers that are no part of the run."""


def excluded(record: Record, rules: Exclusion, around: Surroundings) -> Record:
    """*record*, with the reason if a rule puts it aside; one that was put aside before stays so."""
    why = record.excluded or next(_reasons(record, rules, around), "")
    return replace(record, excluded=why) if why else record


def _reasons(record: Record, rules: Exclusion, around: Surroundings) -> Iterator[str]:
    """In the words that a report counts by: without the numbers, which are in the record."""
    grown = _grown(record.signals)
    stolen = (grown.get("steal_ticks", 0) - 1) * _TICK_NS
    if rules.steal_share is not None and stolen > rules.steal_share * record.wall_ns * around.cpus:
        yield f"the host took more than {rules.steal_share:.0%} of the CPUs' time (steal)"
    for name, (signal, words) in _PRESSURES.items():
        share: float | None = getattr(rules, name)
        if share is not None and grown.get(signal, 0) * 1000 > share * record.wall_ns:
            yield f"{words} for more than {share:.0%} of the time (PSI)"
    if rules.swap and (grown.get("swap_in_pages", 0) or grown.get("swap_out_pages", 0)):
        yield "pages were swapped"
    if rules.throttled and not around.has_quota and grown.get("throttled_periods", 0):
        yield "it was throttled, and no quota was asked for"
    if rules.foreign_container and around.strangers:
        yield "a container that is no part of the run was alive"


def _grown(signals: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
    """By how much each counter grew; one that was not read both times is absent."""
    before, after = signals.get("before", {}), signals.get("after", {})
    return {name: after[name] - value for name, value in before.items() if name in after}
