"""A terminal that can be closed while somebody works on it."""

import contextlib
import fcntl
import os
import pty
import termios
from collections.abc import Iterator


class Terminal:
    """Both ends are held by whoever made it, until :meth:`close`; a child that works on it holds one (:meth:`takes`)."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        os.set_blocking(self._master, False)
        self._is_open = True
        self._shown = bytearray()

    def takes(self) -> int:
        """In a child that leads its session: it is the terminal of that. Its descriptor.

        The other end is closed there: a terminal is closed when nobody holds that any more, he who works on it among them.
        """
        os.close(self._master)
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        return self._slave

    def read(self) -> None:
        """What is shown on it, or nobody could write any more."""
        with contextlib.suppress(OSError):
            self._shown += os.read(self._master, 1 << 16) if self._is_open else b""

    def shown(self) -> str:
        """All that was read of it."""
        return self._shown.decode(errors="replace")

    def close(self) -> None:
        """For good: whoever works on it is told by SIGHUP."""
        if self._is_open:
            os.close(self._master)
            os.close(self._slave)
            self._is_open = False


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    """One that is closed in the end."""
    made = Terminal()
    try:
        yield made
    finally:
        made.close()
