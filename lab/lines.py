"""runs.jsonl: one line a replicate, each with a checksum over itself and the line before it.

A line is a JSON object whose first key is ``crc``: eight hexadecimal digits, the CRC-32 of the rest of the object (as if it had begun
there), begun with the checksum of the line before; the first line's is begun with what its run was planned with (:mod:`lab.bound`). So a line that
was changed is found, and so is the place where one is missing, was put in, or stands elsewhere. Lines of format 3 have no checksum.
"""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from lab.errors import StoreError
from lab.model.run import Ending, Plan, Record, Resumption

_OPEN: Final = b'{"crc":"'
_DIGITS: Final = 8
_PREFIX: Final = len(_OPEN) + _DIGITS + len(b'",')
_PART: Final = 1 << 20
"""Bytes that are read at once where nothing but lines are counted."""
_BACK: Final = 1 << 16
"""Bytes that are read at once where the last line is looked for, from the back."""
_FIRST_SEALED: Final = 4
"""The format whose lines were the first to have checksums."""


def sealed(record: Record, before: int) -> tuple[bytes, int]:
    """The line of *record* behind one whose checksum is *before*, and its own checksum."""
    body = msgspec.json.encode(record)
    checksum = zlib.crc32(body, before)
    return b'%s%08x",%s\n' % (_OPEN, checksum, body[1:]), checksum


def last_checksum(path: Path, first: int = 0) -> int:
    """The checksum of the last line in *path*, which is all that is read; *first* where there is no line, or it has none. StoreError where it cannot be read."""
    with _reading(path) as descriptor:
        size = _size(descriptor)
        begin = _behind_a_line(descriptor, size - 1)
        found = _stated(_between(descriptor, begin, min(begin + _PREFIX, size)))
        return first if found is None else found


def line_count(path: Path) -> int:
    """How many whole lines *path* has. StoreError where it cannot be read."""
    with _reading(path) as descriptor:
        size = _size(descriptor)
        starts = range(0, size, _PART)
        return sum(_between(descriptor, at, min(at + _PART, size)).count(b"\n") for at in starts)


def whole_bytes(path: Path) -> int | None:
    """How many bytes of *path* are whole lines; None where all of it is. StoreError where it cannot be read."""
    with _reading(path) as descriptor:
        size = _size(descriptor)
        whole = _behind_a_line(descriptor, size)
        return None if whole == size else whole


@contextlib.contextmanager
def _reading(path: Path) -> Generator[int | None]:
    """A descriptor of *path*, None where there is no such file; whatever keeps it from being read is a StoreError."""
    descriptor = None
    try:
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        yield descriptor
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _size(descriptor: int | None) -> int:
    return 0 if descriptor is None else os.fstat(descriptor).st_size


def _behind_a_line(descriptor: int | None, end: int) -> int:
    """Where the last line that ends before byte *end* has ended; 0 where none does. Read from the back: a record may be long."""
    while end > 0:
        begin = max(end - _BACK, 0)
        found = _between(descriptor, begin, end).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _between(descriptor: int | None, begin: int, end: int) -> bytes:
    """The bytes from *begin* to *end*. OSError where they are not all there: somebody cut the file off meanwhile.

    A mapping of the file would say so, and that the disk cannot be read, by a signal that ends the process without a word.
    """
    if descriptor is None:
        return b""
    found = os.pread(descriptor, end - begin, begin)
    if len(found) < end - begin:
        raise OSError(errno.EIO, "it became shorter while it was read")
    return found


@dataclass(slots=True)
class Records:
    """A run's replicates, one by one from the disk; after the last one ``damage`` says what could not be read.

    What stands before the first damage is given, nothing after it: nobody knows what is missing there. ``lines`` and ``size`` say how many
    lines stand before it, and how many bytes they are. A replicate that was lost and is run again is not given: its later line is.
    ``first`` is what the first line's checksum begins with; ``ended`` is how many lines there were when the run came to its end, and the last one's
    checksum, if anybody has said so.
    """

    path: Path
    plan: Plan
    resumptions: Sequence[Resumption] = ()
    first: int = 0
    ended: tuple[int, str] | None = None
    damage: str = field(default="", init=False)
    lines: int = field(default=0, init=False)
    size: int = field(default=0, init=False)
    _last: int = field(default=0, init=False)

    @property
    def reached(self) -> tuple[int, str]:
        """How many lines were read, and the last one's checksum, once the last was read."""
        return self.lines, f"{self._last:08x}"

    def __iter__(self) -> Iterator[Record]:
        """Every whole record up to the first damage. StoreError where the file cannot be read at all."""
        self.damage, self.lines, self.size, self._last = "", 0, 0, self.first
        decode = msgspec.json.Decoder(Record).decode
        reader = _Reader(self.plan, self.resumptions, self.first)
        try:
            with self.path.open("rb") as file:
                for line in file:
                    try:
                        reader.check(line)
                        record = decode(line)
                        counts = reader.counts(record, self.lines)
                    except (ValueError, msgspec.DecodeError) as error:
                        self.damage = (
                            f"{self.path.name}: line {self.lines + 1}, from byte {self.size} on: {error};"
                            " nothing from there on is used"
                        )
                        return
                    self.lines += 1
                    self.size += len(line)
                    self._last = reader.last
                    if counts:
                        yield record
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror}") from None
        self.damage = self._not_as_ended()

    def _not_as_ended(self) -> str:
        """That these are not the lines which the run had in the end: where the last ones are missing, each of the others is whole."""
        if self.ended is None or self.ended == self.reached:
            return ""
        lines, checksum = self.ended
        return (
            f"{self.path.name}: it ends with line {self.lines} and checksum {self.reached[1]},"
            f" and when the run came to its end that was line {lines} and checksum {checksum}"
        )


class _Reader:
    """Holds each line against its checksum, the plan, and what was there before."""

    def __init__(self, plan: Plan, resumptions: Sequence[Resumption], first: int) -> None:
        self._turns = plan.turns
        self._cells = {cell.id for cell in plan.cells}
        self._is_sealed = plan.format >= _FIRST_SEALED
        self._seen = bytearray(len(plan.turns))
        self._void: dict[int, int] = {}
        for resumption in resumptions:  # a later one is told of lines that are further down
            self._void |= dict.fromkeys(resumption.again, resumption.lines)
        self._first = self.last = first

    def check(self, line: bytes) -> None:
        """ValueError for a line that is not whole, or not the one that was written behind the last, whose checksum is ``last``."""
        if not line.endswith(b"\n"):
            raise ValueError(f"it is the last one and was cut off after {len(line)} bytes")
        stated = _stated(line)
        if stated is None:
            if self._is_sealed:
                raise ValueError(f"it has no checksum; it begins with {line[:20]!r}")
            self.last = self._first
            return
        found = zlib.crc32(memoryview(line)[_PREFIX:-1], zlib.crc32(b"{", self.last))
        if found != stated:
            raise ValueError(
                f"its checksum is {stated:08x}, and {found:08x} was expected:"
                " it was changed, or what it was written behind is not before it"
            )
        self.last = stated

    def counts(self, record: Record, line: int) -> bool:
        """Whether the *record* of a line (from 0 on) is one of the run's. ValueError where it cannot be."""
        position, cell = record.turn.position, record.turn.cell
        if position < 0:
            if cell not in self._cells:
                raise ValueError(f"the plan has no cell {cell!r}")
            return True
        if position >= len(self._seen):
            raise ValueError(f"the plan has no place {position}, only {len(self._seen)}: it is another run's")
        if self._turns[position].cell != cell:
            raise ValueError(
                f"the plan has cell {self._turns[position].cell!r} at place {position}, the line has {cell!r}"
            )
        if line < self._void.get(position, 0):
            if record.termination.ending is not Ending.INFRA_FAILED:
                raise ValueError(f"place {position} was not lost, and was run again")
            return False
        if self._seen[position]:
            raise ValueError(f"place {position} of the plan is there twice")
        self._seen[position] = True
        return True


def _stated(line: bytes) -> int | None:
    """The checksum that a line says it has."""
    if not line.startswith(_OPEN):
        return None
    try:
        return int(line[len(_OPEN) : len(_OPEN) + _DIGITS], 16)
    except ValueError:
        return None
