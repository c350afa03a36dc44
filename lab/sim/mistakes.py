"""What a program's own Python can do wrong, said with its file and line.

Three kinds: it raises, it yields what it may not, or it makes an operation and forgets to yield it. The last is
seen by counting; to name the line, the run is repeated with every operation's maker noted, which costs too much
to be always on.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from lab.sim.operation import SPENT, Operation

_OWN: Final = str(Path(__file__).parent)
_PURGED_AT: Final = 100_000


class MistakeError(Exception):
    """A program has broken a rule. ``place`` is ``FILE:LINE``."""

    def __init__(self, text: str, place: str = "") -> None:
        super().__init__(text, place)  # SimPy makes copies, from these arguments
        self.text = text
        self.place = place


class NeverYieldsError(BaseException):
    """A program's Python does not come back to a yield; it is raised where it was found."""


def place_of(body: Generator[Any, Any, Any]) -> str:
    """Where *body* stands: the line of its yield, in the innermost generator that it delegates to."""
    inner: Any = body
    while getattr(inner, "gi_yieldfrom", None) is not None:
        inner = inner.gi_yieldfrom
    frame = getattr(inner, "gi_frame", None)
    if frame is None or _is_own(frame.f_code.co_filename):
        return ""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def raised_at(error: BaseException) -> str:
    """The innermost line outside the simulator that *error* came from; SimPy raises a copy of what a process raised."""
    if isinstance(error, MistakeError):
        return error.place
    found, each = "", error
    while True:
        for frame in traceback.extract_tb(each.__traceback__):
            if not _is_own(frame.filename) and "/simpy/" not in frame.filename:
                found = f"{frame.filename}:{frame.lineno}"
        if each.__cause__ is None:
            return found
        each = each.__cause__


@dataclass(slots=True)
class Made:
    """The operations that a program has made, in order, and which were yielded."""

    where: Callable[[], str]
    _made: dict[int, tuple[Operation, str, str]] = field(default_factory=dict)

    def first_forgotten(self) -> tuple[str, str, str] | None:
        """Name, place and circumstances of the first that was never yielded."""
        for operation, place, circumstances in self._made.values():
            if operation.maker is not SPENT:
                return type(operation).__name__.lower(), place, circumstances
        return None

    def note(self, frame: FrameType, event: str, result: object) -> None:
        """A function has returned (sys.setprofile): if it is the vocabulary's, note what it made and for whom."""
        if event != "return" or not isinstance(result, Operation) or frame.f_back is None:
            return
        caller = frame.f_back.f_code.co_filename
        if not _is_own(frame.f_code.co_filename) or _is_own(caller):
            return
        if len(self._made) > _PURGED_AT:
            self._made = {key: each for key, each in self._made.items() if each[0].maker is not SPENT}
        self._made[id(result)] = (result, f"{caller}:{frame.f_back.f_lineno}", self.where())


@contextmanager
def noting(where: Callable[[], str]) -> Iterator[Made]:
    """Note each operation that is made meanwhile; *where* says which goroutine runs."""
    made, before = Made(where), sys.getprofile()
    sys.setprofile(made.note)
    try:
        yield made
    finally:
        sys.setprofile(before)


def _is_own(filename: str) -> bool:
    return filename.startswith(_OWN)
