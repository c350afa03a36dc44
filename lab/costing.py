"""What predictions rest on: costs as a user gives them, as they are kept, or as this machine's primitives are measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lab import calibrate, shelf
from lab.golang import build, render, toolchain
from lab.host import environment
from lab.material import Workshop
from lab.model.run import CostsUsed
from lab.sim.costs import Costs
from lab.sim.packaged import packaged
from lab.stats.process import quantile

_LOOP: Final = "thousand_iterations"
"""The cost of a thousand iterations of the loop behind ``lab.Work``. go_templates/calibrate"""


def costs_for(workshop: Workshop, asked: str, *, measure: bool, foreign: bool = False) -> Costs:
    """The costs *asked* for: ``packaged``, a file, or with ``auto`` this machine's on the workshop's engine.

    A file of another machine is used only if it may be *foreign*. With *measure* they are measured first where they are missing, and again where the machine is no more what it was.
    """
    fingerprint = environment.fingerprint()
    if (given := shelf.given(asked, None if foreign else fingerprint)) is not None:
        if given.calibrated and given.fingerprint != fingerprint:
            given = replace(given, identity=f"{given.identity} of ANOTHER MACHINE")
            workshop.progress.stage(f"costs: {given.identity}")
        return given
    path = shelf.users_shelf().place(fingerprint, workshop.engine.name, toolchain.DEFAULT_RELEASE)
    if not path.exists():
        return calibrated(workshop) if measure else packaged()
    kept = shelf.read(path, fingerprint)
    if measure and _has_drifted(workshop, kept):
        return calibrated(workshop)
    return kept


def calibrated(workshop: Workshop) -> Costs:
    """This machine's primitives, measured on the workshop's engine and kept; what they lack is packaged."""
    release, processes = toolchain.DEFAULT_RELEASE, calibrate.PROCESSES
    workshop.progress.stage(
        f"calibrating: {processes} processes of primitives on engine {workshop.engine.name}"
    )
    found = _primitives(workshop, release, processes)
    shelf.keep(found, shelf.users_shelf().place(found.fingerprint, workshop.engine.name, release))
    return packaged().merged(found)


def iterations_per_us(costs: Costs) -> int:
    """How many iterations of the loop behind ``lab.Work`` take a microsecond; 0 where nobody has measured it here.

    With one CPU busy: what more cost is the kernel layer's to model.
    """
    if not costs.calibrated or _LOOP not in costs.costs:
        return 0
    medians = [
        quantile(values, 0.5)
        for point in costs.costs[_LOOP].points
        if point.levels == {"busy": 1}
        for values in point.processes
    ]
    return round(1e6 / quantile(medians, 0.5)) if medians else 0


def costs_used(used: Costs) -> CostsUsed:
    """Which costs these are."""
    return CostsUsed(source=used.source, identity=used.identity, calibrated=used.calibrated)


def _has_drifted(workshop: Workshop, kept: Costs) -> bool:
    """Whether this machine is no more what it was when it was calibrated: a virtual one may move to another host."""
    fresh = _primitives(workshop, toolchain.DEFAULT_RELEASE, calibrate.CHECKED)
    moved = calibrate.drifts(kept, fresh)
    if moved:
        first = moved[0]
        levels = ", ".join(f"{name} {level}" for name, level in first.levels.items())
        workshop.progress.stage(
            f"costs have drifted since calibration {kept.identity}: {first.cost} ({levels}) is"
            f" {first.ratio.value:.2f} of what it was, and {len(moved) - 1} more"
        )
    return bool(moved)


def _primitives(workshop: Workshop, release: str, processes: int) -> Costs:
    """What primitives cost here and now."""
    tools = workshop.lab.tools
    go = toolchain.fetch(release, workshop.cache, workshop.progress.stage)
    agent = build.build(workshop.engine, go, render.read_program(tools, "agent"), workshop.cache)
    source = render.render_program(tools, calibrate.PROGRAM, tools=tools, go_line=go.go_line, values={})
    program = build.build(workshop.engine, go, source, workshop.cache)
    return calibrate.measure(
        workshop.engine,
        agent,
        program,
        fingerprint=environment.fingerprint(),
        release=release,
        processes=processes,
    )
