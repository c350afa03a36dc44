"""What a replicate's process is given beside what its levels give, and whether it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.model.units import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """Environment variables of the processes of those cells whose levels lie within ``where``."""

    values: Mapping[str, str]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPart:
    """What a manifest says of its replicates' processes.

    ``arguments`` come after those of the factors. After ``stop_after`` a process that still runs gets SIGTERM, and to end by it is to
    exit; None lets it run to its time limit. A process that does not speak (``speaks`` is false) may end without a line
    of the wire: what took effect is then what the cell's probe saw, and what the kernel and the clock account for it stands
    among its observations (:mod:`lab.bench.account`).
    """

    arguments: tuple[str, ...] = ()
    stop_after: Nanos | None = None
    variables: tuple[Variables, ...] = ()
    speaks: bool = True
