"""What a goroutine dump says: goroutines with their stacks, groups of equal ones, and who waits for whom."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack.

    ``arguments`` are the words between the parentheses as Go prints them: ``0xc000012345``, ``0x0?`` where the value may be
    out of date, ``{…}`` of several words, ``...`` where the call was inlined. A frame that no position follows has an empty
    ``file`` and line 0.
    """

    function: str
    arguments: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    offset: int | None = None

    @property
    def address(self) -> int | None:
        """The first argument, where Go prints a pointer there and is sure of it."""
        return _pointer(self.arguments, "")

    @property
    def doubtful_address(self) -> int | None:
        """The first argument, where Go prints a pointer there and marks it as possibly out of date."""
        return _pointer(self.arguments, "?")


def _pointer(arguments: Sequence[str], mark: str) -> int | None:
    if not arguments or not arguments[0].startswith("0x") or not arguments[0].endswith(mark):
        return None
    try:
        return int(arguments[0].removesuffix(mark), 16) or None  # nil is no object
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Creation:
    """Which call started a goroutine, and in which other (None where the dump does not say)."""

    function: str
    goroutine: int | None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goroutine:
    """One goroutine. Frames are innermost first.

    ``status`` is one of Go's (``running``, ``runnable``, ``syscall``, ``waiting`` …), ``reason`` says what a waiting one waits
    for, in the words of its release. ``minutes`` are whole ones, 0 below one. ``thread`` is the M that it runs on, where the
    dump says it. ``visible`` is false where Go could not print the stack, ``elided`` counts frames that Go left out.
    """

    id: int
    status: str
    reason: str = ""
    minutes: int = 0
    locked: bool = False
    leaked: bool = False
    bubble: int | None = None
    labels: str = ""
    thread: int | None = None
    frames: tuple[Frame, ...] = ()
    created_by: Creation | None = None
    visible: bool = True
    elided: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A line (counted from 1) that no rule fits, and what is wrong with it."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A dump as it was read. ``head`` are the lines before the first goroutine; ``unread`` is empty where all was understood.

    ``cut`` says that the text ends in the middle of a goroutine, or was cut where it was kept.
    """

    head: tuple[str, ...] = ()
    goroutines: tuple[Goroutine, ...] = ()
    unread: tuple[Unread, ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Goroutines in the same state at the same stack of functions.

    ``count`` is how many there are, ``goroutines`` the first of them. ``at`` is the innermost call of the program's own
    code; where there is none the outermost of the library's, which says whose goroutine it is (net/http's conn.serve). ``minutes`` is the longest wait. ``of_runtime`` marks what the Go runtime runs for itself.
    """

    status: str
    reason: str
    functions: tuple[str, ...]
    at: Frame | None
    count: int
    goroutines: tuple[int, ...]
    minutes: int
    of_runtime: bool

    @property
    def state(self) -> str:
        """The word between Go's brackets: what it waits for, or its status."""
        return self.reason or self.status


class Awaited(enum.Enum):
    """What kind of thing a goroutine waits for."""

    ONCE = "sync.Once"
    MUTEX = "sync.Mutex"
    READING = "sync.RWMutex to read"
    WRITING = "sync.RWMutex to write"
    WAIT_GROUP = "sync.WaitGroup"
    CONDITION = "sync.Cond"
    RECEIVING = "chan receive"
    SENDING = "chan send"


class Evidence(enum.Enum):
    """How it is known whom a goroutine waits for."""

    ADDRESS = "the dump prints the same address in its stack"
    ONLY = "no other goroutine can have it"
    MARKED = "the dump prints the same address in its stack, marked as possibly out of date"
    CALL = "the same line of the program called it there: likely"
    SEVERAL = "one of them has it; the dump does not say which"
    UNTOLD = "a dump does not say who has it"

    @property
    def is_certain(self) -> bool:
        """Whether it leaves no doubt about the one that is waited for."""
        return self in {Evidence.ADDRESS, Evidence.ONLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Goroutines that wait for the same thing; ``address`` is None where the dump does not print it.

    ``count`` is how many there are, ``goroutines`` the first of them. ``holders`` are those that they wait for: one, or with
    ``SEVERAL`` those of which one is it; a likely one may be wrong. ``possible`` are those of which one is it for certain; none
    where that cannot be said.
    """

    awaited: Awaited
    address: int | None
    count: int
    goroutines: tuple[int, ...]
    holders: tuple[int, ...]
    evidence: Evidence
    possible: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """Goroutines that wait for each other and for nobody else: none of them can ever go on.

    ``count`` is how many there are. Where it is known, or likely, who waits for whom it is ``ordered``: each waits for the next one, and
    the last for the first. ``certain`` is false where only a likely holder makes it a knot.
    """

    count: int
    goroutines: tuple[int, ...]
    certain: bool
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a reader is told of a dump: groups by size, waits, knots, and the lines that were not understood.

    ``count`` is how many goroutines the dump has, those of the runtime among them. The numbers ``more_…`` say how many of
    a list were left out, the smallest first.
    """

    head: tuple[str, ...]
    count: int
    groups: tuple[Group, ...]
    waits: tuple[Wait, ...]
    knots: tuple[Knot, ...]
    unread: tuple[Unread, ...]
    cut: bool
    more_groups: int = 0
    more_waits: int = 0
    more_knots: int = 0
    more_unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDump:
    """The dump of the first replicate of a cell that ended in a deadlock or at its time limit.

    ``position`` is which replicate of the run that was; ``file`` has the text, in the record's folder.
    """

    position: int
    ending: str
    file: str
    digest: Digest
