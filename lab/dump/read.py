"""A dump's text, line by line.

The text is a program's standard error, so other things stand in it: what the program printed, GODEBUG's lines, what the
runtime says before it dies, registers. A line counts as a dump's only by its whole form and its place: a goroutine's line,
then pairs of a call and an indented position, then perhaps where it was created, then an empty line. What has none of these
forms inside a goroutine is named with its line and reason, and reading goes on behind it.
"""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from typing import Final

from lab.dump import header
from lab.model.dump import Creation, Dump, Frame, Goroutine, Unread

_BEGINNING: Final = re.compile(r"^goroutine \d+ .*:\r?$", re.MULTILINE)
_POSITION: Final = re.compile(
    r"\t(?P<file>\S.*?):(?P<line>\d{1,18})(?: \+0x(?P<offset>[0-9a-f]{1,16}))?(?: fp=\S+ sp=\S+| pc=\S+)*\s*"
)
_PC: Final = re.compile(r"\tpc=0x[0-9a-f]+")
_CREATED: Final = re.compile(r"created by (?P<function>\S+)(?: in goroutine (?P<parent>\d{1,20}))?")
_ELIDED: Final = re.compile(r"\.\.\.(?P<count>\d{1,18}|additional) frames elided\.\.\.")
_ANCESTOR: Final = re.compile(r"\[originating from goroutine \d+\]:")
_OUTSIDE: Final = re.compile(
    # registers (signal_*.go: dumpregs), GODEBUG's gctrace, schedtrace and inittrace, golab's samples beside schedtrace, GOTRACEBACK=crash's repetitions
    r"(?:r\w{1,2}|rflags|cs|fs|gs|pc|sp|lr|fault|trap|error|oldmask|eflags|e[a-z]{2}|x\d+|pstate) +0x[0-9a-f]+"
    r"|gc \d+ @.*|scvg.*|SCHED \d+ms: .*|METRICS \d+ns: .*|init .* @.*|-+|SIG[A-Z]+: .*|PC=0x[0-9a-f]+ .*|signal arrived .*|exit status \d+"
    r"|\[signal .*\]|\s*"
)
_UNSEEN: Final = "\tgoroutine running on other thread; stack unavailable"
_LONGEST: Final = 200
"""Characters of a strange line that are shown."""
_HEAD: Final = 40
"""Lines before the first goroutine that are kept: what the runtime says stands in the last ones."""


def is_dump(text: str) -> bool:
    """Whether some line of a text begins a goroutine, in a form that is known or in another."""
    return _BEGINNING.search(text) is not None


def parsed(text: str, *, cut: bool = False) -> Dump:
    """The dump in a text. ``cut`` says that the text is only the beginning of what there was. Never raises."""
    reader = _Reader()
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        reader.take(number, line.rstrip("\r"))
    ends_within = reader.within and not text.endswith("\n")
    reader.finish()
    return Dump(
        head=_trimmed(reader.head),
        goroutines=tuple(reader.goroutines.values()),
        unread=tuple(reader.unread),
        cut=cut or ends_within,
    )


def _trimmed(head: deque[str]) -> tuple[str, ...]:
    while head and not head[-1].strip():
        head.pop()
    while head and not head[0].strip():
        head.popleft()
    return tuple(head)


class _Reader:
    """What has been read so far, and the goroutine that is being read."""

    def __init__(self) -> None:
        self.head: deque[str] = deque(maxlen=_HEAD)
        self.goroutines: dict[tuple[int, int], Goroutine] = {}
        self.unread: list[Unread] = []
        self._goroutine: Goroutine | None = None
        self._begun_at = (0, "")
        self._frames: list[Frame] = []
        self._call: tuple[int, str] | None = None  # a call whose position has not come yet
        self._creation: Creation | None = None
        self._creating = False
        self._visible = True
        self._elided = 0
        self._foreign = False  # in a stack that is nobody's: the runtime's own, an ancestor's
        self._known: dict[tuple[str, str], Frame] = {}

    @property
    def within(self) -> bool:
        """Whether a goroutine has begun and not ended."""
        return self._goroutine is not None

    def take(self, number: int, line: str) -> None:
        if header.begins(line):
            self._begin(number, line)
        elif self._goroutine is None:
            self._outside(number, line)
        elif not line:
            self.finish()
        else:
            self._inside(number, line)

    def _begin(self, number: int, line: str) -> None:
        read = header.read(line)
        if read is None:
            if self._goroutine is None and not line.endswith(":"):
                self._outside(number, line)  # a program's own word about a goroutine
                return
            self._note(number, line, "it looks like the beginning of a goroutine, and has another form")
            self.finish()
            self._foreign = True
            return
        self.finish()
        self._goroutine, self._begun_at = read.goroutine, (number, line)
        self._foreign = False
        if read.strange:
            self._note(number, line, f"no Go release that is known says “{read.strange[:_LONGEST]}”")

    def _outside(self, number: int, line: str) -> None:
        if not line.strip():
            self._foreign = False
        if self._foreign:
            return
        if not self.goroutines:
            self.head.append(line[:_LONGEST])
        elif line.startswith("runtime stack:"):
            self._foreign = True
        elif not _OUTSIDE.fullmatch(line):
            self._note(number, line, "it stands between goroutines and belongs to none")

    def _inside(self, number: int, line: str) -> None:
        if line[0] == "\t":
            self._position(number, line)
            return
        self._settle()
        if self._foreign:
            return
        if line.startswith("created by ") and (created := _CREATED.fullmatch(line)):
            parent = created["parent"]
            self._creation = Creation(created["function"], int(parent) if parent else None)
            self._creating = True
        elif line[-1] == ")" and " " not in line[: line.find("(")] and line.find("(") > 0:
            self._call = (number, line)
        elif line.startswith("non-Go function at pc="):
            self._frames.append(Frame("non-Go function"))
        elif elided := _ELIDED.fullmatch(line):
            self._elided += int(elided["count"]) if elided["count"].isdigit() else 1
        elif _ANCESTOR.fullmatch(line):
            self._foreign = True
        elif _OUTSIDE.fullmatch(line):
            pass
        elif " " not in line or line == "non-Go function":
            self._call = (number, line)  # a C function, as a symboliser names it
        else:
            self._note(number, line, "it stands in a goroutine's stack and is neither a call nor a position")

    def _position(self, number: int, line: str) -> None:
        if self._foreign:
            return
        if line == _UNSEEN:
            self._visible = False
            return
        call, self._call = self._call, None
        if call is not None:
            if frame := self._framed(call[1], line):
                self._frames.append(frame)
                return
            self._call = call
            self._settle()
            self._note(number, line, "it is no position of a call")
        elif self._creating and (found := _POSITION.fullmatch(line)) and self._creation is not None:
            self._creating = False
            self._creation = dataclasses.replace(self._creation, file=found["file"], line=int(found["line"]))
        else:
            self._note(
                number, line, "it is indented as the position of a call, and there is no call before it"
            )

    def _framed(self, call: str, position: str) -> Frame | None:
        """A call and its position as one frame; equal ones are one value, for a dump may have a million of them."""
        key = (call, position[:at] if (at := position.find(" fp=0x")) > 0 else position)
        if key in self._known:
            return self._known[key]
        found = _POSITION.fullmatch(position)
        if found is None and not _PC.fullmatch(position):
            return None
        function, arguments = _split(call)
        frame = Frame(function, arguments)
        if found is not None:
            offset = found["offset"]
            frame = Frame(
                function, arguments, found["file"], int(found["line"]), int(offset, 16) if offset else None
            )
        self._known[key] = frame
        return frame

    def _settle(self) -> None:
        """A call whose position never came is kept without one."""
        if self._call is None:
            return
        number, line = self._call
        self._call = None
        self._frames.append(Frame(*_split(line)))
        self._note(number, line, "it is a call without a position behind it")

    def finish(self) -> None:
        """End the goroutine that is being read."""
        self._settle()
        goroutine = self._goroutine
        if goroutine is None:
            return
        whole = dataclasses.replace(
            goroutine,
            frames=tuple(self._frames),
            created_by=self._creation,
            visible=self._visible,
            elided=self._elided,
        )
        self._goroutine, self._frames, self._creation = None, [], None
        self._creating, self._visible, self._elided, self._foreign = False, True, 0, False
        # Each thread has a goroutine 0 of its own.
        key = (whole.id, (whole.thread if whole.thread is not None else -1) if whole.id == 0 else 0)
        before = self.goroutines.get(key)
        if not whole.frames and whole.visible:
            self._note(*self._begun_at, "it begins a goroutine, and no stack follows")
        if before is None or (whole.frames and not before.frames):
            self.goroutines[key] = whole
        elif whole.frames:
            self._note(*self._begun_at, "this goroutine has come before; the first is kept")

    def _note(self, number: int, line: str, why: str) -> None:
        self.unread.append(Unread(line=number, text=line[:_LONGEST], why=why))


def _split(call: str) -> tuple[str, tuple[str, ...]]:
    """``f(0x1, {0x2, 0x3?})`` as the function and its words; what stands in braces is one word."""
    at = call.rfind("(") if call.endswith(")") else -1
    if at <= 0:
        return call, ()
    inside = call[at + 1 : -1]
    if "{" not in inside:
        return call[:at], tuple(inside.split(", ")) if inside else ()
    words, depth, start = [], 0, 0
    for place, character in enumerate(inside):
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            words.append(inside[start:place].strip())
            start = place + 1
    words.append(inside[start:].strip())
    return call[:at], tuple(words)
