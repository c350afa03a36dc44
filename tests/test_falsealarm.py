"""A against A: the rate is the nominal one where nothing differs, and a machine that makes differences is found out."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, experiment, falsealarm
from lab.bench.selection import Request
from lab.errors import MeasurementError
from lab.golang.build import Binary
from lab.golang.render import GoProgram
from lab.material import Material, Prepared
from lab.model.falsealarm import NOMINAL, Checked
from lab.report.falsealarm import false_alarm_lines
from lab.workshop import Wanted
from tests.fakes import FakeEngine, Reply, observing

_OBSERVED = ("touch_again_ns", "populate_again_ns", "munmap_touched_ns")
_SEED, _COMPARISONS = 3, 40


def _material(lab_root: Path, script: Callable[[Mapping[str, Any]], Reply | None]) -> Material:
    lab = catalogue.find(lab_root, lab_root)
    part = experiment.part_of(lab, "mmap-large", Request(lists={"size": ("4MiB",)}))
    (cell,) = part.cells
    binary = Binary(content=b"x")
    wanted = Wanted(part.scenario, cell, FakeEngine(script=script))
    return Material(binary, (Prepared(wanted, GoProgram("mmap-large", files={}), binary, binary),))


def _check(lab_root: Path, script: Callable[[Mapping[str, Any]], Reply | None]) -> Checked:
    return falsealarm.check(
        _material(lab_root, script), cpus=2, seed=_SEED, told=lambda *_: None, comparisons=_COMPARISONS
    )


def _noise(source: random.Random, factor: float = 1.0) -> Reply:
    return observing(**{name: round(1e6 * factor * source.lognormvariate(0, 0.05)) for name in _OBSERVED})


def test_a_machine_like_any_other_gives_the_nominal_rate(lab_root: Path) -> None:
    """Which lies within its interval; every replicate is of one of the two sides."""
    source = random.Random(1)  # noqa: S311 - a sample
    found = _check(lab_root, lambda _: _noise(source))

    assert {each.metric for each in found.metrics} == set(_OBSERVED)
    assert found.replicates == _COMPARISONS * falsealarm.REPLICATES * 2
    for each in found.metrics:
        assert (each.comparisons, each.disagreements, len(each.ratios)) == (_COMPARISONS, 0, _COMPARISONS)
        assert each.alarm_share.low is not None
        assert each.alarm_share.high is not None
        assert each.alarm_share.low <= NOMINAL <= each.alarm_share.high
        assert not each.is_too_many
    assert list(false_alarm_lines(found, NOMINAL))[-1].startswith("no more false alarms than the 5 %")


def test_a_machine_that_favours_a_side_is_found_out(lab_root: Path) -> None:
    """One that is slower for B, who knows why: it plays the same dice as the order."""
    order, source = random.Random(f"golab A/A {_SEED}"), random.Random(1)  # noqa: S311 - a sample
    sides = iter(
        [side for _ in range(_COMPARISONS * falsealarm.REPLICATES) for side in order.sample(("A", "B"), 2)]
    )
    found = _check(lab_root, lambda _: _noise(source, 1.3 if next(sides) == "B" else 1.0))

    assert all(each.is_too_many for each in found.metrics)
    assert all(each.disagreements > _COMPARISONS / 2 for each in found.metrics)
    assert "tells the same from itself more often" in "".join(false_alarm_lines(found, NOMINAL))


def test_what_the_manifest_puts_aside_is_counted(lab_root: Path) -> None:
    """As in any run of the scenario."""
    source, numbers = random.Random(1), iter(range(10**6))  # noqa: S311 - a sample

    def script(_run: Mapping[str, Any]) -> Reply:
        swapped = int(next(numbers) % 10 == 0)
        return {**_noise(source), "before": {"swap_in_pages": 0}, "after": {"swap_in_pages": swapped}}

    found = _check(lab_root, script)

    assert found.excluded == {"pages were swapped": found.replicates // 10}
    assert any("put aside: pages were swapped" in line for line in false_alarm_lines(found, NOMINAL))


def test_a_program_that_fails_ends_the_check(lab_root: Path) -> None:
    """There is nothing to compare."""
    with pytest.raises(MeasurementError, match="exit-nonzero"):
        _check(lab_root, lambda _: {"exit_code": 1})
