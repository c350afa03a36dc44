"""What predictions rest on: costs as a user gives them, as they are kept, or as this machine's primitives are measured."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lab import calibrate, shelf
from lab.calibrate import Calibration, DriftedError, Group, Sitting
from lab.calibrate.conditions import Conditions
from lab.errors import UnknownNameError, UsageError
from lab.golang import build, render, toolchain
from lab.host import environment
from lab.model.run import CostsUsed
from lab.sim.costs import Costs, CostsError
from lab.sim.packaged import packaged
from lab.workshop import Workshop

MISSING: Final = 8
"""Processes of each group that a run lacks: it waits for them."""
CHECKED: Final = 4
"""Processes that tell whether a kept calibration still holds."""
_OLDEST: Final = (1, 22)
"""The release that go_templates/calibrate is written for."""
_CPUS: Final = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


def sitting_of(*, release: str | None, cpuset: str, groups: str | None, rounds: int) -> Sitting:
    """What a user asks for. UsageError for a group or a release that there is not, and for CPUs that are no list of the kernel's."""
    if release is not None and release not in toolchain.WHEELS:
        raise UnknownNameError("Go release", release, toolchain.WHEELS)
    if release is not None and tuple(map(int, release.split(".")))[:2] < _OLDEST:
        raise UsageError(
            f"Go {release} cannot be calibrated: the program needs 1.22, whose loops have variables of their own",
            hint="costs of a newer release may be near: --costs FILE",
        )
    names = None if groups is None else [name.strip() for name in groups.split(",")]
    known = {group.name: group for group in calibrate.GROUPS}
    for name in names or ():
        if name not in known:
            raise UnknownNameError("group of primitives", name, known)
    if cpuset and not _CPUS.fullmatch(cpuset):
        raise UsageError(
            f"--cpuset {cpuset!r} is no list of CPUs", hint="for example --cpuset 0 or --cpuset 0-1,4"
        )
    return Sitting(
        release=release or toolchain.DEFAULT_RELEASE,
        cpuset=cpuset,
        groups=calibrate.USUAL if names is None else tuple(known[name] for name in dict.fromkeys(names)),
        processes=rounds,
    )


def costs_for(
    workshop: Workshop,
    asked: str,
    *,
    measure: bool,
    needed: Collection[str],
    foreign: bool = True,
    checked: bool = True,
) -> Costs:
    """The costs *asked* for: ``packaged``, a file, or with ``auto`` this machine's on the workshop's engine.

    A file of another machine is refused unless it may be *foreign*: CostsError. With *measure*, what is *needed* is measured first where it is missing, and again where the machine is no more what it
    was, if that is to be *checked*: it takes seconds, half of a quick run. A machine that does not keep still while it is measured gives none: what there was is used then, and that is told.
    """
    fingerprint = environment.fingerprint()
    if (given := shelf.given(asked, fingerprint)) is not None:
        is_another = bool(given.fingerprint) and given.fingerprint != fingerprint
        if is_another and not foreign:
            raise CostsError(
                f"{asked}: was measured on another machine, or under another kernel",
                hint="measure this machine anew: golab calibrate; or use it all the same: --foreign-costs",
            )
        if is_another:
            given = replace(given, identity=f"{given.identity} of ANOTHER MACHINE")
            workshop.progress.stage(f"costs: {given.identity}")
        return given
    path = shelf.users_shelf().place(fingerprint, workshop.engine.name, toolchain.DEFAULT_RELEASE)
    kept = shelf.alone(path, fingerprint) if path.exists() else None
    if not measure:
        return packaged() if kept is None else packaged().merged(kept)
    lacking = _lacking(workshop, kept, needed, checked=checked)
    if lacking:
        try:
            missing = Sitting(release=toolchain.DEFAULT_RELEASE, groups=lacking, processes=MISSING)
            found = calibrated(workshop, missing)
        except DriftedError as error:
            workshop.progress.stage(f"{error}; so predictions rest on what was known before")
        else:
            if crowding := found.sittings[0].crowding():
                workshop.progress.stage(crowding)
            return packaged().merged(found.costs)
    return packaged() if kept is None else packaged().merged(kept)


def _lacking(
    workshop: Workshop, kept: Costs | None, needed: Collection[str], *, checked: bool
) -> tuple[Group, ...]:
    """The groups that have to be measured: what of the *needed* nobody has, and where the machine is no more what it was, those that tell so."""
    groups = calibrate.giving(needed)
    if kept is None:
        return groups
    lacking = tuple(group for group in groups if not group.costs & set(needed) <= set(kept.costs))
    stale = tuple(group for group in groups if group not in lacking)
    if stale and not checked:
        workshop.progress.stage(f"costs of calibration {kept.identity}; nobody looks whether they still hold")
    elif stale:
        moved = {drift.cost for drift in _drifts(workshop, kept, stale)}
        return tuple(group for group in groups if group in lacking or group.costs & moved)
    return lacking


def calibrated(workshop: Workshop, sitting: Sitting, *, accepts_drift: bool = False) -> Calibration:
    """This machine's primitives, measured on the workshop's engine and kept, with what was kept of other groups.

    DriftedError where the machine did not stay the same meanwhile, unless that is accepted; then it is noted.
    """
    workshop.progress.stage(
        f"calibrating: {sitting.processes} rounds of {len(sitting.groups)} groups of primitives, engine {workshop.engine.name}"
    )
    found, moved = _primitives(workshop, sitting)
    if moved and not accepts_drift:
        raise calibrate.refusal(found, moved)
    path = shelf.users_shelf().place(
        found.costs.fingerprint, workshop.engine.name, sitting.release, sitting.cpuset
    )
    joined = _joined(path, found)
    shelf.keep(joined.to_json(), path)
    return joined


def costs_used(used: Costs) -> CostsUsed:
    """Which costs these are."""
    return CostsUsed(source=used.source, identity=used.identity, calibrated=used.calibrated)


def _joined(path: Path, found: Calibration) -> Calibration:
    """What is kept of groups that *found* did not measure, and *found*."""
    anew = set(found.sittings[0].groups)
    with contextlib.suppress(CostsError, KeyError, TypeError):  # of another version: not worth keeping
        kept = shelf.alone(path, found.costs.fingerprint)
        before = [
            replace(sitting, groups=left)
            for sitting in _sittings(path)
            if (left := tuple(name for name in sitting.groups if name not in anew))
        ]
        return Calibration(costs=kept.merged(found.costs), sittings=(*found.sittings, *before))
    return found


def _sittings(path: Path) -> Sequence[Conditions]:
    lists = ("groups", "drifted", "refused")
    return [
        Conditions(**{**each, **{name: tuple(each.get(name, ())) for name in lists}})
        for each in shelf.sittings(path)
    ]


def _drifts(workshop: Workshop, kept: Costs, groups: tuple[Group, ...]) -> tuple[calibrate.Drift, ...]:
    """What is no more what it was when this machine was calibrated: a virtual one may move to another host."""
    again = Sitting(release=toolchain.DEFAULT_RELEASE, groups=groups, processes=CHECKED)
    fresh, _ = _primitives(workshop, again)
    moved = calibrate.drifts(kept, fresh.costs)
    if moved:
        first = moved[0]
        workshop.progress.stage(
            f"costs have drifted since calibration {kept.identity}: {first.name} is"
            f" {first.ratio.value:.2f} of what it was, and {len(moved) - 1} more"
        )
    return moved


def _primitives(workshop: Workshop, sitting: Sitting) -> tuple[Calibration, tuple[calibrate.Drift, ...]]:
    """What primitives cost here and now."""
    tools = workshop.lab.tools
    go = toolchain.fetch(sitting.release, workshop.cache, workshop.progress.stage)
    own = toolchain.fetch(toolchain.DEFAULT_RELEASE, workshop.cache, workshop.progress.stage)
    agent = build.build(workshop.engine, own, render.read_program(tools, "agent"), workshop.cache)
    source = render.render_program(tools, calibrate.PROGRAM, tools=tools, go_line=go.go_line, values={})
    program = build.build(workshop.engine, go, source, workshop.cache)
    return calibrate.measure(workshop.engine, agent, program, sitting, fingerprint=environment.fingerprint())
