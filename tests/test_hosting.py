"""What a run needs of the whole machine: by allowance only, as far as it is granted, and put back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, experiment, hosting
from lab.bench.selection import Request
from lab.errors import EnvironmentRefusedError
from lab.experiment import Experiment
from lab.hosting import tuned
from lab.material import Wanted
from lab.model.units import Nanos
from tests.fakes import FakeEngine


@pytest.fixture
def wanted(lab_root: Path) -> Experiment:
    """Two cells of 64 and 256 MiB in huge pages, one without."""
    lab = catalogue.find(lab_root, lab_root)
    lists = {"size": ("64MiB", "256MiB"), "hugetlb": ("none", "pool", "overcommit")}
    part = experiment.part_of(lab, "mmap-large", Request(lists=lists))
    return Experiment(
        name="test",
        title="",
        parts=(part,),
        replicates=1,
        most_replicates=1,
        max_time=Nanos(1),
        order_seed=1,
        simulation_seed=1,
        quick=False,
        asked=(),
    )


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with ten huge pages reserved, three of them in use, and a journal of its own."""
    pool = tmp_path / "sys/kernel/mm/hugepages/hugepages-2048kB"
    pool.mkdir(parents=True)
    for name, count in (("nr_hugepages", 10), ("free_hugepages", 7), ("nr_overcommit_hugepages", 0)):
        (pool / name).write_text(f"{count}\n")
    monkeypatch.setattr("lab.host.journal.FOLDER", tmp_path / "journal")
    return tmp_path


def _engines(wanted: Experiment, host: hosting.Host) -> dict[str, Any]:
    found = (host.applied_to(Wanted(scenario, cell, FakeEngine())) for scenario, cell in wanted.cells)
    return {each.cell.id: each.engine for each in found}


def _pool(machine: Path) -> list[str]:
    pool = machine / "sys/kernel/mm/hugepages/hugepages-2048kB"
    return [(pool / name).read_text().strip() for name in ("nr_hugepages", "nr_overcommit_hugepages")]


def test_nothing_is_changed_that_was_not_allowed(wanted: Experiment, machine: Path) -> None:
    """The cells that need it are refused, with the number and the option; the others run."""
    with tuned(wanted, str, run="r", allowed=False, root=machine) as host:
        engines = _engines(wanted, host)
        assert _pool(machine) == ["10", "0"]

    refused = {cell for cell, engine in engines.items() if isinstance(engine, EnvironmentRefusedError)}
    assert refused == {cell for cell in engines if "hugetlb" in cell}
    assert str(engines["touch-hugetlb_pool"]) == (
        "64 huge pages of 2 MiB (nr_hugepages) are needed, there are 7:"
        " --tune-host has them reserved for the run, as root"
    )
    assert host.granted == {}


def test_what_is_lacking_is_asked_for_and_put_back(wanted: Experiment, machine: Path) -> None:
    """For the largest cell: one replicate runs at a time. What is in use stays in use."""
    said: list[str] = []
    with tuned(wanted, said.append, run="r", allowed=True, root=machine) as host:
        assert _pool(machine) == [str(10 + 256 - 7), "256"]
        assert sorted(host.granted.values()) == ["256", "259"]

    assert _pool(machine) == ["10", "0"]
    assert len(said) == 2
    assert not list((machine / "journal").glob("*"))


def test_a_kernel_that_grants_less_refuses_the_cells_that_need_more(
    wanted: Experiment, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the numbers; what fits runs. This one has room for 100 pages."""
    pool = machine / "sys/kernel/mm/hugepages/hugepages-2048kB"
    write = Path.write_text

    def granting(path: Path, text: str, **rest: Any) -> int:
        if path == pool / "nr_hugepages" and int(text) > 10:
            write(pool / "free_hugepages", "100")
            return write(path, "103")
        return write(path, text, **rest)

    monkeypatch.setattr(Path, "write_text", granting)
    with tuned(wanted, str, run="r", allowed=True, root=machine) as host:
        engines = _engines(wanted, host)

    assert not isinstance(engines["touch-hugetlb_pool"], EnvironmentRefusedError)
    assert str(engines["touch-256MiB-hugetlb_pool"]) == (
        "256 huge pages of 2 MiB (nr_hugepages) are needed, the kernel granted 100"
    )
    assert _pool(machine)[0] == "10"


def test_a_run_without_such_cells_touches_nothing(wanted: Experiment, tmp_path: Path) -> None:
    """Not even a machine that has no huge pages at all."""
    plain = [(scenario, cell) for scenario, cell in wanted.cells if "hugetlb" not in cell.id]
    part = wanted.parts[0]
    only = replace(wanted, parts=(replace(part, cells=tuple(cell for _, cell in plain)),))
    with tuned(only, str, run="r", allowed=True, root=tmp_path) as host:
        assert _engines(only, host).keys() == {"touch", "touch-256MiB"}


def test_a_machine_that_cannot_be_changed_refuses_the_cells_and_not_the_run(
    wanted: Experiment, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain user's: the reason is the cells'."""
    (machine / "file").write_text("")
    monkeypatch.setattr("lab.host.journal.FOLDER", machine / "file" / "journal")
    with tuned(wanted, str, run="r", allowed=True, root=machine) as host:
        engines = _engines(wanted, host)

    assert "settings of the machine are changed by root alone" in str(engines["touch-hugetlb_pool"])
    assert not isinstance(engines["touch"], EnvironmentRefusedError)
    assert _pool(machine) == ["10", "0"]
