"""Which primitives are measured together; a real calibration of this machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.calibrate import GROUPS, SHARES, giving, iterations_per_us
from lab.sim.costs import from_json
from lab.sim.packaged import packaged

_NOT_CALIBRATED = {"alloc", "steal", "tick", "slice", "bandwidth_slice"}
"""The collector's, what no program can time (proc.go: stealWork), and what the kernel is built or set to."""
_NEEDS_QUIET = {"preempt_signal"}
"""A signal's way is seen only where both threads have a CPU meanwhile: 24 tries may all fail beside other work."""


def test_every_cost_has_one_home() -> None:
    """Or a group measured alone would leave the half of a cost behind; and what the simulator needs is among them."""
    homes = [name for group in GROUPS for name in group.costs]

    assert len(homes) == len(set(homes))
    assert set(packaged().costs) - set(homes) == _NOT_CALIBRATED
    assert set(homes) >= SHARES


def test_what_is_wanted_names_its_groups() -> None:
    """In the order in which they are measured; what nobody measures, none."""
    assert [group.name for group in giving({"fault", "switch", "alloc"})] == ["runtime", "memory"]
    assert giving({"alloc"}) == ()


def test_the_packaged_costs_know_nothing_of_the_loop() -> None:
    """It is another machine's, and a program says so itself (lab.DefaultItersPerUs)."""
    assert iterations_per_us(packaged()) is None


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.usefixtures("go_toolchain")
def test_a_real_calibration_knows_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cost of every group, in every process, with plausible orders of magnitude; kept where a run finds it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "lab",
            "calibrate",
            "--engine",
            "host",
            "--rounds",
            "2",
            "--groups",
            ",".join(group.name for group in GROUPS),
            "--accept-drift",
            "--json",
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    costs = from_json(done.stdout, source="a test")
    promised = set().union(*(group.costs for group in GROUPS))
    assert promised - set(costs.costs) <= _NEEDS_QUIET
    assert set(costs.costs) - promised == {"tick"}  # what the kernel is built with
    assert costs.costs["chan_op"].n == costs.costs["wake_run"].n == 2
    typical = {
        name: costs.cost(name).value({}, 0.5, 0.5) for name in ("chan_op", "switch", "getppid", "pause_round")
    }
    assert 1 < typical["chan_op"] < typical["switch"] < 20_000
    assert 10 < typical["getppid"] < 10_000
    assert 10 < typical["pause_round"] < 10_000
    small, large = (costs.cost("fault").value({"page": page}, 0.5, 0.5) for page in (4096, 2 << 20))
    assert 100 < small < 50_000
    assert 5 < large / small < 512
    assert 100 < (iterations_per_us(costs) or 0) < 20_000
    assert {point.levels["fs"] for point in costs.costs["open_present"].points} == {"tmpfs", "host"}
    close, opened = (
        costs.cost(name).value({"fs": "host"}, 0.5, 0.5) for name in ("open_close", "open_present")
    )
    assert 100 < close < opened < 1_000_000
    (was,) = json.loads(done.stdout)["sittings"]
    assert len(was["refused"]) == 11
    assert set(was["groups"]) == {group.name for group in GROUPS}
    assert was["tick_hz"] in (100, 250, 300, 1000)
    assert len(list((tmp_path / "golab/costs").glob("*-host-go*.json"))) == 1
