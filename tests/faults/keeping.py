"""A fake engine whose agents keep what they measured in the run's captures, as the real ones do, before they tell."""

import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.engine.base import Container, Spec
from tests.fakes import DONE, FakeContainer, FakeEngine, Reply, observing

_DUMP: Final = """fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
\t/golab/main.go:7 +0x1d
exit status 2
"""


def by_number(run: Mapping[str, Any]) -> Reply:
    """What a replicate's place in the plan makes of it: so a run that was resumed must say what one that was not says."""
    number = int(run["id"]) if run["id"].isdecimal() else 0
    if number % 4 == 3:
        import base64  # noqa: PLC0415 - of these alone

        said = base64.b64encode(_DUMP.encode()).decode()
        return {"exit_code": 2, "stderr": {"base64": said, "bytes": len(_DUMP)}}
    return {**observing(done=1), "end_ns": DONE["start_ns"] + 1_000_000 + 1000 * number}


@dataclass
class KeepingContainer(FakeContainer):
    """An agent that appends each answer to *file* first, the end of whatever line stands there before it."""

    file: Path | None = field(default=None, kw_only=True)

    def _done(self, number: str, reply: Reply) -> None:
        if self.file is not None:
            with self.file.open("ab", buffering=0) as kept:
                kept.write(b"\n" + json.dumps({**DONE, "id": number, **reply}).encode() + b"\n")
        super()._done(number, reply)


@dataclass
class KeepingEngine(FakeEngine):
    """Its agents keep."""

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Generator[Container]:
        """A scripted agent, gone on exit."""
        container = KeepingContainer(
            self.image_of(spec), self.script, keeps=captures is not None, file=captures
        )
        try:
            yield container
        finally:
            container.closed = True
