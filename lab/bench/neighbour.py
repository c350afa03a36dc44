"""Who works beside replicates: a process in a berth of its own, started and ended by the agent there."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final

import msgspec

from lab.bench.agent import Command, read
from lab.bench.berth import Berth
from lab.bench.execute import Held
from lab.errors import EnvironmentRefusedError, LeftAloneError, MeasurementError

_SETTLING_SECONDS: Final = 0.02
"""How long it works before a replicate starts beside it; starting a process takes 2 ms."""
_WORKED: Final = "worked"
"""What it observes of itself in the end: how often it did what it is for."""


class NeighbourAtWork:
    """The program *name* in *berth*; ``held`` is what has it work. Its container is there all the time, and still in between.

    The container has an agent of its own: so it ends with the lab, as any other.
    """

    def __init__(self, name: str, berth: Berth, command_in: Callable[[Berth], Command]) -> None:
        self._name = name
        self._berth = berth
        self._command_in = command_in
        self.held: Held = self._working

    @contextlib.contextmanager
    def _working(self) -> Generator[None]:
        if why := self._berth.given_up(self._name):
            raise self._refusal(why)
        with self._losing():
            self._berth.agent.start(self._command_in(self._berth))
        time.sleep(_SETTLING_SECONDS)
        try:
            yield
        finally:
            with self._losing():
                ended = read(self._berth.agent.end())
        if not any(worked > 0 for worked in _observed(ended)):
            raise self._refusal(_words(ended) or "it did nothing")

    @contextlib.contextmanager
    def _losing(self) -> Generator[None]:
        """LeftAloneError where it was lost because this process stood still, which it is not to blame for."""
        try:
            yield
        except MeasurementError as error:
            left_alone = self._berth.agent.left_alone
            self._berth.lose(self._name, left_alone or str(error), blameless=bool(left_alone))
            if left_alone:
                raise LeftAloneError(left_alone) from None
            raise self._refusal(str(error)) from None

    def _refusal(self, why: str) -> EnvironmentRefusedError:
        return EnvironmentRefusedError(f"the neighbour {self._name} did not work beside it: {why}")


def _observed(ended: Mapping[str, Any]) -> Iterator[int]:
    for line in ended.get("lines", ()):
        said = msgspec.json.decode(line)
        if said.get("o") == _WORKED:
            yield said["v"]


def _words(ended: Mapping[str, Any]) -> str:
    """Why it ended or did not start, in its own words or the agent's."""
    said = base64.b64decode(ended.get("stderr", {}).get("base64", "")).decode(errors="replace").strip()
    return said or str(ended.get("error", ""))
