"""Goroutines in the same state at the same stack, together: a thousand waiters are one line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from lab.model.dump import Frame, Goroutine, Group

_STANDARD: Final = frozenset(
    [
        "archive",
        "arena",
        "bufio",
        "builtin",
        "bytes",
        "cmp",
        "compress",
        "container",
        "context",
        "crypto",
        "database",
        "debug",
        "embed",
        "encoding",
        "errors",
        "expvar",
        "flag",
        "fmt",
        "go",
        "hash",
        "html",
        "image",
        "index",
        "internal",
        "io",
        "iter",
        "log",
        "maps",
        "math",
        "mime",
        "net",
        "os",
        "path",
        "plugin",
        "reflect",
        "regexp",
        "runtime",
        "simd",
        "slices",
        "sort",
        "strconv",
        "strings",
        "structs",
        "sync",
        "syscall",
        "testing",
        "text",
        "time",
        "unicode",
        "unique",
        "unsafe",
        "vendor",
        "weak",
    ]
)
"""The folders of Go's own ``src``, 1.21 to 1.27: the first element of each import path of the standard library."""


_WRAPPER: Final = re.compile(r"\.gowrap\d+$")
"""What the compiler puts around the call of a go statement."""


def grouped(goroutines: Iterable[Goroutine]) -> tuple[Group, ...]:
    """The groups, the largest first; those of the runtime last; equal ones by their first goroutine."""
    members: defaultdict[tuple[str, str, tuple[str, ...], bool], list[Goroutine]] = defaultdict(list)
    for one in goroutines:
        runtimes = is_of_runtime(one)
        shown = tuple(frame.function for frame in (one.frames if runtimes else own(one.frames)))
        members[one.status, one.reason, shown, runtimes].append(one)
    groups = [
        Group(
            status=status,
            reason=reason,
            functions=functions,
            at=_at(found[0].frames),
            count=len(found),
            goroutines=tuple(one.id for one in found),
            minutes=max(one.minutes for one in found),
            of_runtime=runtimes,
        )
        for (status, reason, functions, runtimes), found in members.items()
    ]
    return tuple(sorted(groups, key=lambda group: (group.of_runtime, -group.count, group.goroutines[0])))


def own(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """A stack without the runtime's calls, which a dump by a signal prints and one by a deadlock does not."""
    kept = tuple(frame for frame in frames if not frame.function.startswith("runtime."))
    return kept or frames


def is_of_runtime(goroutine: Goroutine) -> bool:
    """Whether the Go runtime runs it for itself: a thread's goroutine 0, the collector's workers, timers' helpers.

    As runtime/traceback.go, isSystemGoroutine, as far as a text tells it: it was started by the runtime, and is nowhere else.
    The one that runs finalisers is the program's while it runs one.
    """
    if goroutine.id == 0:
        return True
    creation = goroutine.created_by
    begun_by = creation.function if creation else "main."
    return begun_by.startswith("runtime.") and all(
        frame.function.startswith("runtime.") for frame in goroutine.frames
    )


def _at(frames: tuple[Frame, ...]) -> Frame | None:
    for frame in frames:
        if _is_program(frame.function):
            return frame
    outside = [frame for frame in own(frames) if not _WRAPPER.search(frame.function)] or own(frames)
    return outside[-1] if outside else None


def _is_program(function: str) -> bool:
    """Whether a function belongs to no package of the standard library; ``main.main`` does not."""
    first = function.partition("/")[0]
    name = first.partition(".")[0] if "/" not in function else first
    return name not in _STANDARD and name not in {"panic", "non-Go function"}
