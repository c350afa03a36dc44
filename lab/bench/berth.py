"""Where agents live: a container that can be opened anew when its agent is lost, a bounded number of times."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Final, Protocol

from lab.bench.agent import Agent, greeted
from lab.bench.readback import not_as_asked
from lab.engine.base import Container, Engine, Spec
from lab.errors import LabError

MOST_LOSSES: Final = 3
"""So often an agent may be lost while one cell's replicates run. Then it is that cell which ends it, or nothing will help."""


class Kept(Protocol):
    """A file to which agents append what they have measured, see :mod:`lab.captured`."""

    @property
    def path(self) -> Path:
        """Where it is."""

    def opening(self) -> contextlib.AbstractContextManager[None]:
        """As long as this is open, an agent may open the file."""

    def lines(self) -> list[bytes]:
        """Every whole line that is in it."""

    def forget(self) -> None:
        """Empty it."""


class Berth:
    """The container of *spec* in *engine*, with its agent. Made by :func:`berth`.

    ``gone`` says why there is no agent any more, and will be none; ``flaw`` what the container is not as it was asked for.
    """

    def __init__(self, engine: Engine, spec: Spec, kept: Kept | None) -> None:
        self._engine = engine
        self._spec = spec
        self._kept = kept
        self._stack = contextlib.ExitStack()
        self._losses: Counter[str] = Counter()
        self.gone = ""
        self.agent = self._opened()
        self.flaw = not_as_asked(spec, self.agent.hello)

    @property
    def container(self) -> Container:
        """The one that is open now."""
        return self.agent.container

    def given_up(self, cell: str) -> str:
        """Why no replicate of *cell* is started here any more; empty where they are."""
        if not self.gone and self._losses[cell] >= MOST_LOSSES:
            return f"{MOST_LOSSES} agents were lost while it ran: no more of its replicates are started"
        return self.gone

    def lose(self, cell: str, why: str, *, blameless: bool = False) -> None:
        """The agent was lost, *why*, while a replicate of *cell* ran: open another container, if that can be had as the first was.

        It counts as one of the cell's losses, unless that is *blameless*.
        """
        self._losses[cell] += not blameless
        try:
            self.close()
            self.agent = self._opened()
        except LabError:
            self.gone = why
            return
        if not_as_asked(self._spec, self.agent.hello) != self.flaw:
            self.gone = why

    def kept_lines(self) -> list[bytes]:
        """What agents have kept and may not have told, if anything is kept."""
        return self._kept.lines() if self._kept is not None else []

    def forget(self) -> None:
        """What agents have kept until now is no replicate's: nobody takes it for one's."""
        if self._kept is not None:
            self._kept.forget()

    def close(self) -> None:
        """End the agent and remove its container."""
        self._stack.close()

    def _opened(self) -> Agent:
        with contextlib.ExitStack() as stack:
            opening = self._kept.opening() if self._kept is not None else contextlib.nullcontext()
            with opening:
                path = self._kept.path if self._kept is not None else None
                container = stack.enter_context(self._engine.opened(self._spec, path))
                agent = stack.enter_context(greeted(container))
            self._stack = stack.pop_all()
            return agent


@contextlib.contextmanager
def berth(engine: Engine, spec: Spec, kept: Kept | None) -> Generator[Berth]:
    """A berth with its agent, greeted; the container is gone on exit however the block ends. Errors are those of the engine."""
    made = Berth(engine, spec, kept)
    try:
        yield made
    finally:
        made.close()
