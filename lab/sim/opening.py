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
        self._opened: set[str] = set()
        self._last = "known"
        """What name was opened last: to look one up is slower where the code and the caches are another's."""

    def takes(self, operation: Open) -> int:
        """Nanoseconds of ``os.Open``, all of it: openat, and what makes the file ready (file_unix.go: newFile), nearly all system calls, too.

        A name that the kernel knows is found or missed in no more time on many layers than on one. One that it does not know
        is looked up in each layer, the first that has a file ends it; the parts of a path above it are known.
        """
        on: dict[str, int | str] = {"fs": operation.fs}
        file = "present" if operation.is_present else "absent"
        ns = self._cost("open_writable" if operation.is_writable else f"open_{file}", on)
        if operation.names > 1:
            ns += (operation.names - 1) * self._cost("open_name", on)
        if operation.layers:
            through = {"layers": operation.layers} if operation.fs in _LAYERED else {}
            ns += self._cost("open_lookup", {**on, **through, "after": self._last})
        self._last = "new" if operation.layers else "known"
        if not self._opened & {file, "present"}:
            ns += self._cost("open_start", {**on, "file": file})
        self._opened.add(file)
        self._state.netpoll_inited = self._state.netpoll_inited or operation.is_present
        return ns
