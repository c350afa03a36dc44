"""The words between a goroutine's brackets, and in which Go release each is printed.

Read in the sources of go1.21.13, 1.22.10, 1.23.9, 1.24.11, 1.25.5, 1.26.6 and 1.27.3: ``runtime/runtime2.go``,
``waitReasonStrings``, and ``runtime/traceback.go``, ``gStatusStrings`` and ``goroutineheader``. tests/dump/test_word.py reads
them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Word:
    """A word, the first release line of 1.21 and later that prints it, and the last (empty: the newest known)."""

    text: str
    since: str = "1.21"
    until: str = ""

    def is_in(self, release: str) -> bool:
        """Whether the release line (``1.27``) prints it."""
        return _order(self.since) <= _order(release) and (
            not self.until or _order(release) <= _order(self.until)
        )


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


STATUSES: Final = (
    Word("idle"),
    Word("runnable"),
    Word("running"),
    Word("syscall"),
    Word("waiting"),
    Word("dead"),
    Word("copystack"),
    Word("leaked", since="1.26"),
    Word("preempted"),
    Word("waiting for cgo callback", since="1.26"),
    Word("???"),
)
"""What a goroutine does that has no reason to wait. ``???``: the runtime's memory is damaged."""

REASONS: Final = (
    Word("GC assist marking"),
    Word("IO wait"),
    Word("chan receive (nil chan)"),
    Word("chan send (nil chan)"),
    Word("dumping heap"),
    Word("garbage collection"),
    Word("garbage collection scan"),
    Word("panicwait"),
    Word("select"),
    Word("select (no cases)"),
    Word("GC assist wait"),
    Word("GC sweep wait"),
    Word("GC scavenge wait"),
    Word("chan receive"),
    Word("chan send"),
    Word("finalizer wait"),
    Word("force gc (idle)"),
    Word("GOMAXPROCS updater (idle)", since="1.25"),
    Word("semacquire"),
    Word("sleep"),
    Word("sync.Cond.Wait"),
    Word("sync.Mutex.Lock"),
    Word("sync.RWMutex.RLock"),
    Word("sync.RWMutex.Lock"),
    Word("sync.WaitGroup.Wait", since="1.24"),
    Word("trace reader (blocked)"),
    Word("wait for GC cycle"),
    Word("GC worker (idle)"),
    Word("GC worker (active)"),
    Word("preempted"),
    Word("debug call"),
    Word("GC mark termination"),
    Word("stopping the world"),
    Word("flushing proc caches", since="1.22"),
    Word("trace goroutine status", since="1.22"),
    Word("trace proc status", since="1.22"),
    Word("page trace flush", since="1.22"),
    Word("coroutine", since="1.22"),
    Word("GC weak to strong wait", since="1.23"),
    Word("synctest.Run", since="1.24"),
    Word("synctest.Wait", since="1.24"),
    Word("chan receive (synctest)", since="1.24", until="1.24"),
    Word("chan send (synctest)", since="1.24", until="1.24"),
    Word("select (synctest)", since="1.24", until="1.24"),
    Word("chan receive (durable)", since="1.25"),
    Word("chan send (durable)", since="1.25"),
    Word("select (durable)", since="1.25"),
    Word("sync.WaitGroup.Wait (durable)", since="1.25"),
    Word("cleanup wait", since="1.25"),
)
"""What a waiting goroutine waits for. A WaitGroup's wait is ``semacquire`` before 1.24."""

MARKS: Final = (
    Word("(scan)"),
    Word("(durable)", since="1.25"),
    Word("(leaked)", since="1.26"),
)
"""What may stand behind a word, in brackets of its own."""

FIELDS: Final = (
    Word("minutes"),
    Word("locked to thread"),
    Word("gp= m= mp=", since="1.22"),
    Word("synctest group", since="1.24", until="1.24"),
    Word("synctest bubble", since="1.25"),
    Word("labels:{…} inside the brackets", since="1.26", until="1.26"),
    Word("{…} behind the brackets", since="1.27"),
)
"""What else a goroutine's line may have (``goroutineheader``)."""

STATUS_TEXTS: Final = frozenset(word.text for word in STATUSES)
REASON_TEXTS: Final = frozenset(word.text for word in REASONS)

_SUFFIXES: Final = (" (durable)", " (synctest)")


def plain(reason: str) -> str:
    """A reason without what testing/synctest adds to it."""
    for suffix in _SUFFIXES:
        reason = reason.removesuffix(suffix)
    return reason
