"""What opening a file takes, of calibrated parts: how the file lies decides which of them come together."""

from __future__ import annotations

from typing import Final

from lab.sim.costs import Draws
from lab.sim.operation import Open
from lab.sim.state import Sched

_LAYERED: Final = frozenset({"overlay", "overlay-mount"})


class Opening:
    """The files of one simulated process."""

    def __init__(self, cost: Draws, state: Sched) -> None:
        self._cost = cost
        self._state = state
        self._has_opened = False

    def takes(self, operation: Open) -> int:
        """Nanoseconds of ``os.Open``, all of it: openat, and what makes the file ready (file_unix.go: newFile), nearly all system calls, too.

        A name that the kernel knows is found or missed in no more time on many layers than on one. One that it does not know
        is looked up in each layer, the first that has a file ends it; the parts of a path above it are known.
        """
        on: dict[str, int | str] = {"fs": operation.fs}
        ns = self._cost("open_present" if operation.is_present else "open_absent", on)
        if operation.names > 1:
            ns += (operation.names - 1) * self._cost("open_name", on)
        if operation.layers:
            through = {"layers": operation.layers} if operation.fs in _LAYERED else {}
            ns += self._cost("open_lookup", {**on, **through})
        if operation.is_present and not self._has_opened:
            self._has_opened = self._state.netpoll_inited = True
            ns += self._cost("open_start", on)
        return ns
