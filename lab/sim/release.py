"""What holds in which Go release: the scheduler's constants, each with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lab.errors import SimulatedProgramError


@dataclass(frozen=True, slots=True, kw_only=True)
class GoRelease:
    """The rules of one Go release. Durations are nanoseconds. An experiment that changes one makes a new object."""

    name: str
    runq_capacity: int = 256
    """Slots in a P's local queue. runtime2.go: ``runq [256]guintptr``."""
    global_check_every: int = 61
    """Every n-th schedtick looks at the global queue first. proc.go: findRunnable."""
    steal_tries: int = 4
    """Passes over all Ps; timers and runnext only in the last. proc.go: stealWork, ``stealTries``."""
    most_threads: int = 10_000
    """More crash the program. proc.go: schedinit, ``sched.maxmcount``."""
    time_slice: int = 10_000_000
    """Before sysmon asks a G to yield. proc.go: ``forcePreemptNS``."""
    sysmon_shortest: int = 20_000
    """How long sysmon sleeps at first. proc.go: sysmon, ``delay = 20`` (µs)."""
    sysmon_longest: int = 10_000_000
    """How long it sleeps at most. proc.go: sysmon, ``delay > 10*1000``."""
    sysmon_patience: int = 50
    """Rounds without a retaken P before its sleep doubles. proc.go: sysmon, ``idle > 50``."""
    sysmon_deep_sleep: int = 60_000_000_000
    """How long it sleeps when every P is idle and no timer is near. proc.go: ``forcegcperiod / 2``."""
    epoll_shortest: int = 1_000_000
    """A wait below this is this long; longer ones are cut to whole ms. netpoll_epoll.go: netpoll."""


GO_1_27: Final = GoRelease(name="1.27")
"""go1.26 and go1.27: no change of the scheduler's logic between them."""

_PROFILES: Final[Mapping[str, GoRelease]] = MappingProxyType({"1.26": GO_1_27, "1.27": GO_1_27})


def profile(release: str) -> GoRelease:
    """The rules of ``1.27`` or ``1.27.3``. SimulatedProgramError names the releases that have a profile."""
    line = ".".join(release.split(".")[:2])
    if line not in _PROFILES:
        raise SimulatedProgramError(
            f"no profile for go{line}", hint=f"there are profiles for {', '.join(_PROFILES)}"
        )
    return _PROFILES[line]
