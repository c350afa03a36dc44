"""Writing down that a run is gone on with: what was lost until then counts no more, and how the machine is now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from lab import __version__
from lab.host import environment, facts
from lab.model.run import Resumption
from lab.model.units import Nanos
from lab.store import RunFolder

_STEAL_SECONDS: Final = 0.2


def note_resumption(
    folder: RunFolder,
    engine: Mapping[str, Any],
    *,
    again: tuple[int, ...],
    max_time_ns: Nanos,
    elapsed_ns: int,
    set_aside: str = "",
) -> None:
    """See :class:`~lab.model.run.Resumption`; *engine* is what it says of itself. StoreError where it cannot be written."""
    records = folder.records()
    for _ in records:
        pass
    folder.resume(
        Resumption(
            at_ns=time.time_ns(),
            golab=__version__,
            lines=records.lines,
            again=again,
            set_aside=set_aside,
            max_time_ns=max_time_ns,
            elapsed_ns=Nanos(elapsed_ns),
            signals={
                "load": facts.load(),
                "psi_cpu_percent": facts.pressure(),
                "steal_share": facts.steal(_STEAL_SECONDS),
            },
            provenance={"engine": engine, "machine": environment.describe()},
        )
    )
