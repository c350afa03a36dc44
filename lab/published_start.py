"""How a start went as ``golab run program --stuck-after … --json`` prints it, as models with a JSON Schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.model.start import Start
from lab.published_dump import DumpPlace
from lab.report.start import init_frames


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InitResult(_Published):
    """The inits of one package."""

    package: str
    begun_ns: int = Field(description="from just before the process was made")
    took_ns: int | None = Field(description="null: they did not end")


class InitGoroutine(_Published):
    """The goroutine that runs the inits, where the replicate's dump shows it."""

    id: int
    state: str = Field(description="the word between Go's brackets: what it waits for, or its status")
    minutes: int
    frames: list[DumpPlace] = Field(description="innermost first, up to the init itself")


class CellStart(_Published):
    """One replicate's start."""

    cell: str
    started: Literal["began", "stuck", "ended", "unseen"]
    package: str = Field(description="whose inits had begun and not ended; empty: nobody's")
    main_ns: int | None = Field(description="when main.main began, from just before the process was made")
    lasted_ns: int = Field(description="how long the process lived")
    detail: str = Field(description="how the replicate ended")
    goroutine: InitGoroutine | None
    inits: list[InitResult] = Field(description="in their order")


class StartResult(_Published):
    """``golab run program DIR --stuck-after TIME --json``."""

    format: Literal[1]
    run: str
    program: str
    starts: list[CellStart]


def start_result(run: str, program: str, starts: Sequence[Start]) -> StartResult:
    """The starts of a run in their published form."""
    return StartResult(format=1, run=run, program=program, starts=[_start(each) for each in starts])


def _start(start: Start) -> CellStart:
    found = start.goroutine
    return CellStart(
        cell=start.cell,
        started=start.started.value,
        package=start.within,
        main_ns=start.main,
        lasted_ns=start.lasted,
        detail=start.detail,
        goroutine=None
        if found is None
        else InitGoroutine(
            id=found.id,
            state=found.reason or found.status,
            minutes=found.minutes,
            frames=[
                DumpPlace(function=frame.function, file=frame.file, line=frame.line)
                for frame in init_frames(found)
            ],
        ),
        inits=[
            InitResult(package=each.package, begun_ns=each.begun, took_ns=each.took) for each in start.inits
        ],
    )
