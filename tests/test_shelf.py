"""Where calibrations are kept, which is taken, and what is told of one that is another machine's."""

import json
import subprocess
from pathlib import Path

import pytest

from lab import shelf
from lab.sim.costs import Cost, Costs, CostsError, Point
from lab.sim.packaged import PACKAGED


def _costs(fingerprint: str) -> Costs:
    cost = Cost(
        name="fault", points=(Point(levels={"page": 4096}, processes=((1.0,),)),), date="", origin="here"
    )
    return Costs(
        source="", identity="20261127-host", fingerprint=fingerprint, calibrated=True, costs={"fault": cost}
    )


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    """--costs FILE with a wrong FILE."""
    with pytest.raises(CostsError, match="cannot be read") as caught:
        shelf.read(tmp_path / "nothing.json", "machine")

    assert caught.value.hint == "measure this machine anew: golab calibrate"


def test_the_newest_calibration_of_this_machine_is_found(tmp_path: Path) -> None:
    """Whatever the engine; of all its CPUs before one of a part; never another machine's."""
    kept = shelf.Shelf(tmp_path)
    names = ("aaaa-host-go1.json", "aaaa-docker-go1.json", "bbbb-host-go1.json", "aaaa-docker-cpus0-go1.json")
    for number, name in enumerate(names):
        (tmp_path / name).touch()
        subprocess.run(["touch", "-d", f"2026-01-0{number + 1}", tmp_path / name], check=True)

    assert kept.newest("aaaa") == tmp_path / "aaaa-docker-go1.json"
    assert kept.newest("cccc") is None
    assert shelf.Shelf(tmp_path / "nowhere").newest("aaaa") is None


def test_each_machine_engine_cpuset_and_release_has_its_place(tmp_path: Path) -> None:
    """None overwrites another's."""
    kept = shelf.Shelf(tmp_path)

    places = {
        kept.place(machine, engine, release, cpuset)
        for machine in ("sha256:aa", "sha256:bb")
        for engine in ("host", "docker")
        for release in ("1.26.0", "1.27.3")
        for cpuset in ("", "0", "0-1,4")
    }

    assert len(places) == 24
    assert kept.place("sha256:aa", "host", "1.27.3", "0-1,4").name == "aa-host-cpus0-1+4-go1.27.3.json"


def test_another_machines_costs_are_used_when_asked_for_and_labelled(tmp_path: Path) -> None:
    """Costs of another machine or kernel are no calibration here; kept ones are refused."""
    path = tmp_path / "costs.json"
    shelf.keep(_costs("machine").to_json(), path)

    own, other = (shelf.given(str(path), fingerprint) for fingerprint in ("machine", "another"))

    assert own is not None
    assert other is not None
    assert (own.calibrated, other.calibrated) == (True, False)
    assert own.costs == other.costs
    assert other.source == str(path)
    with pytest.raises(CostsError, match="another machine"):
        shelf.read(path, "another")


def test_a_kept_calibration_alone_has_nothing_packaged(tmp_path: Path) -> None:
    """Which is how a run sees what it lacks."""
    path = tmp_path / "costs.json"
    shelf.keep(_costs("machine").to_json(), path)

    assert set(shelf.alone(path, "machine").costs) == {"fault"}
    assert shelf.read(path, "machine").cost("schedule").origin == PACKAGED


def test_older_files_say_nothing_of_their_conditions(tmp_path: Path) -> None:
    """A calibration of before is read as it is."""
    path = tmp_path / "costs.json"
    text = _costs("machine").to_json()
    shelf.keep(text, path)
    assert shelf.sittings(path) == ()

    shelf.keep(json.dumps({**json.loads(text), "sittings": [{"engine": "host"}]}), path)
    assert shelf.sittings(path) == ({"engine": "host"},)
