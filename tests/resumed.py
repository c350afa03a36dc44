"""Runs of the made-up scenario that a fake engine carries out: stopped anywhere, and gone on with."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lab import manifest
from lab.bench.left import Left
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.host.interruption import Interruption
from lab.material import Material, Prepared
from lab.measurement import measure
from lab.model.matrix import default_cells
from lab.model.run import StoppedBy
from lab.store import RunFolder
from lab.workshop import Wanted
from tests.fakes import FakeEngine, Reply, observing
from tests.recorded import MANIFEST, NAME

PROGRAM: Final = GoProgram(NAME, {"go.mod": b"module example\n\ngo 1.27\n", "main.go": b"package main\n"})
_BINARY: Final = Binary(content=b"binary")


class Silent:
    """Progress that nobody hears of; it keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.said: list[str] = []

    def stage(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)

    def replicate(self, done: int, total: int) -> None:
        """Keep it."""
        self.told.append((done, total))


def waiting(order: Mapping[str, Any]) -> Reply:
    """A replicate whose wait is its place's own: whoever runs it, and whenever."""
    digest = hashlib.sha256(str(order["id"]).encode()).digest()
    return observing(wait_ns=10_000 + digest[0], grown_bytes=4096)


def differing(order: Mapping[str, Any]) -> Reply:
    """The same with waits so far apart that more blocks than the least number are wanted."""
    digest = hashlib.sha256(str(order["id"]).encode()).digest()
    return observing(wait_ns=10_000 + 24 * digest[0], grown_bytes=4096)


def material(engine: FakeEngine, text: str = MANIFEST) -> Material:
    """The cells of the made-up scenario, on a fake engine."""
    scenario = manifest.read(text.encode(), name=NAME, path=Path(f"{NAME}.toml"))
    return Material(
        _BINARY,
        tuple(
            Prepared(Wanted(scenario, cell, engine), PROGRAM, _BINARY, _BINARY)
            for cell in default_cells(scenario)
        ),
    )


def go_on(
    folder: RunFolder,
    left: Left | None = None,
    script: Callable[[Mapping[str, Any]], Reply | None] = waiting,
    interruption: Interruption | None = None,
) -> StoppedBy:
    """Measure what is *left* of a run; what ended it is in its record."""
    decided = folder.decided()
    ended = measure(
        material(FakeEngine(script)), decided, folder, Silent(), interruption or Interruption(), left=left
    )
    folder.end(ended)
    return ended
