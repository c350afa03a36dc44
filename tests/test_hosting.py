"""What a run needs of the whole machine: by allowance only, as far as it is granted, and put back."""

import contextlib
import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab import catalogue, experiment, hosting
from lab.bench.selection import Request
from lab.errors import EnvironmentRefusedError, NotPutBackError
from lab.experiment import Experiment
from lab.host.undo import read_setting
from lab.workshop import Wanted
from tests.fakes import FakeEngine
from tests.small import small_experiment


@pytest.fixture
def wanted(lab_root: Path) -> Experiment:
    """Two cells of 64 and 256 MiB in huge pages, one without."""
    return _experiment(lab_root, size=("64MiB", "256MiB"), hugetlb=("none", "pool", "overcommit"))


@pytest.fixture
def wanting_always(lab_root: Path) -> Experiment:
    """A cell for which transparent huge pages have to be given to all, and two that are content with the machine."""
    return _experiment(lab_root, thp=("never", "madvise", "always"))


def _experiment(lab_root: Path, scenario: str = "mmap-large", **lists: tuple[str, ...]) -> Experiment:
    part = experiment.part_of(catalogue.find(lab_root, lab_root), scenario, Request(lists=lists))
    return small_experiment(part)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with ten huge pages reserved, three of them in use, transparent ones on request, and a journal of its own."""
    pool = tmp_path / "sys/kernel/mm/hugepages/hugepages-2048kB"
    pool.mkdir(parents=True)
    enabled = tmp_path / "sys/kernel/mm/transparent_hugepage/enabled"
    enabled.parent.mkdir()
    enabled.write_text("always [madvise] never\n")
    for name, count in (("nr_hugepages", 10), ("free_hugepages", 7), ("nr_overcommit_hugepages", 0)):
        (pool / name).write_text(f"{count}\n")
    monkeypatch.setattr("lab.host.journal.FOLDER", tmp_path / "journal")
    return tmp_path


def _cells(wanted: Experiment) -> list[Wanted]:
    return [Wanted(scenario, cell, FakeEngine()) for scenario, cell in wanted.cells]


@contextlib.contextmanager
def tuned(
    wanted: Experiment, say: Callable[[str], object], *, allowed: bool, root: Path
) -> Iterator[hosting.Host]:
    """The machine as cells of an engine on it need it."""
    with hosting.tuned(_cells(wanted), say, run="r", allowed=allowed, root=root) as host:
        yield host


def _engines(wanted: Experiment, host: hosting.Host) -> dict[str, Any]:
    found = (host.applied_to(each) for each in _cells(wanted))
    return {each.cell.id: each.engine for each in found}


def _pool(machine: Path) -> list[str]:
    pool = machine / "sys/kernel/mm/hugepages/hugepages-2048kB"
    return [(pool / name).read_text().strip() for name in ("nr_hugepages", "nr_overcommit_hugepages")]


def test_nothing_is_changed_that_was_not_allowed(wanted: Experiment, machine: Path) -> None:
    """The cells that need it are refused, with the number and the option; the others run."""
    with tuned(wanted, str, allowed=False, root=machine) as host:
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
    with tuned(wanted, said.append, allowed=True, root=machine) as host:
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
    with tuned(wanted, str, allowed=True, root=machine) as host:
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
    with tuned(only, str, allowed=True, root=tmp_path) as host:
        assert _engines(only, host).keys() == {"touch", "touch-256MiB"}


def test_a_machine_that_cannot_be_changed_refuses_the_cells_and_not_the_run(
    wanted: Experiment, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain user's: the reason is the cells'."""
    (machine / "file").write_text("")
    monkeypatch.setattr("lab.host.journal.FOLDER", machine / "file" / "journal")
    with tuned(wanted, str, allowed=True, root=machine) as host:
        engines = _engines(wanted, host)

    assert "settings of the machine are changed by root alone" in str(engines["touch-hugetlb_pool"])
    assert not isinstance(engines["touch"], EnvironmentRefusedError)
    assert _pool(machine) == ["10", "0"]


def _thp(machine: Path) -> Path:
    return machine / "sys/kernel/mm/transparent_hugepage/enabled"


def test_a_mode_for_the_whole_machine_is_held_while_a_replicate_runs_that_needs_it(
    wanting_always: Experiment, machine: Path
) -> None:
    """At no other time, by no other cell; said, kept in the record, and put back."""
    said: list[str] = []
    with tuned(wanting_always, said.append, allowed=True, root=machine) as host:
        applied = [
            host.applied_to(Wanted(scenario, cell, FakeEngine())) for scenario, cell in wanting_always.cells
        ]
        helds = {each.cell.id: each.held for each in applied}
        held = helds.pop("touch-thp_always")
        assert read_setting(_thp(machine)) == "madvise"
        assert held is not None
        with held():
            assert read_setting(_thp(machine)) == "always"

        assert read_setting(_thp(machine)) == "madvise"
        assert helds == {"touch": None, "touch-thp_madvise": None}
        assert host.granted == {str(_thp(machine)): "always while a replicate runs that needs it"}

    assert said == [f"{_thp(machine)} is always while a replicate runs that needs it, madvise otherwise"]
    assert not list((machine / "journal").glob("*"))


def test_a_mode_that_cannot_be_put_back_is_said_at_once(
    wanting_always: Experiment, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the run's end, because other cells run with it; the journal has it for whoever comes next."""
    said: list[str] = []
    write = Path.write_text

    def refusing(path: Path, text: str, **rest: Any) -> int:
        if text == "madvise":
            raise OSError(errno.EIO, "Input/output error")
        return write(path, text, **rest)

    with tuned(wanting_always, said.append, allowed=True, root=machine) as host:
        (held,) = (mode for mode in host.modes.values() if callable(mode))
        monkeypatch.setattr(Path, "write_text", refusing)
        with pytest.raises(NotPutBackError), held():
            pass
        assert len(said) == 2
        with pytest.raises(EnvironmentRefusedError), held():
            pytest.fail("it is not held")

    assert said[1] == (
        f"{_thp(machine)} could not be put back to madvise: {_thp(machine)} cannot be set to madvise: Input/output error;"
        " cells for which it is switched do not run any more, the others run with it as it is now;"
        " the journal keeps what it was"
    )
    assert len(list((machine / "journal").glob("*.json"))) == 1


def test_a_mode_that_was_not_allowed_refuses_its_cells(wanting_always: Experiment, machine: Path) -> None:
    """With what it is and the option; where the machine is so by itself, nothing has to be allowed."""
    with tuned(wanting_always, str, allowed=False, root=machine) as host:
        engines = _engines(wanting_always, host)
    _thp(machine).write_text("[always] madvise never\n")
    with tuned(wanting_always, str, allowed=False, root=machine) as host:
        by_itself = _engines(wanting_always, host)

    refused = {cell for cell, engine in engines.items() if isinstance(engine, EnvironmentRefusedError)}
    assert refused == {"touch-thp_always"}
    assert str(engines["touch-thp_always"]) == (
        "transparent huge pages have to be always for the whole machine, they are madvise:"
        " --tune-host has them so while a replicate of this cell runs, as root"
    )
    assert not any(isinstance(engine, EnvironmentRefusedError) for engine in by_itself.values())
    assert _thp(machine).read_text() == "[always] madvise never\n"


@pytest.mark.parametrize("lacking", ["the journal", "the setting"])
def test_a_mode_that_cannot_be_had_refuses_its_cells(
    wanting_always: Experiment, machine: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """A plain user's machine, and a kernel without such pages."""
    if lacking == "the journal":
        (machine / "file").write_text("")
        monkeypatch.setattr("lab.host.journal.FOLDER", machine / "file" / "journal")
    else:
        _thp(machine).unlink()
    with tuned(wanting_always, str, allowed=True, root=machine) as host:
        engines = _engines(wanting_always, host)

    assert isinstance(engines["touch-thp_always"], EnvironmentRefusedError)
    assert not isinstance(engines["touch-thp_madvise"], EnvironmentRefusedError)
    assert host.granted == {}


@pytest.fixture
def wanting_cold(lab_root: Path) -> Experiment:
    """Cells for which the whole machine has to forget what it has cached."""
    return _experiment(lab_root, scenario="fs-open", cache=("cold",), depth=("1", "4"))


@pytest.fixture
def drop(machine: Path) -> Path:
    """The setting by which caches are dropped."""
    path = machine / "proc/sys/vm/drop_caches"
    path.parent.mkdir(parents=True)
    path.write_text("0")
    return path


def test_caches_are_dropped_before_each_replicate_that_needs_it(
    wanting_cold: Experiment, machine: Path, drop: Path
) -> None:
    """Each for itself, and nothing is put back; without leave the cell is refused, with the option."""
    with tuned(wanting_cold, str, allowed=False, root=machine) as host:
        refused = _engines(wanting_cold, host)
    with tuned(wanting_cold, str, allowed=True, root=machine) as host:
        one, other = (host.applied_to(each) for each in _cells(wanting_cold))
        assert drop.read_text() == "0"
        assert one.held is not None
        with one.held():
            assert drop.read_text() == "3"

    assert (one.is_alone, other.is_alone, one.held is other.held) == (True, True, True)
    assert "--tune-host" in str(refused["lowest-cold"])
    assert host.granted == {str(drop): "all before each replicate that needs it"}


def test_no_cell_is_measured_cold_that_did_not_ask_for_it(lab_root: Path, machine: Path, drop: Path) -> None:
    """What is dropped is the whole machine's: beside others, cells that drop it are refused, with what to do."""
    mixed = _experiment(lab_root, scenario="fs-open", cache=("warm", "cold"))
    with tuned(mixed, str, allowed=True, root=machine) as host:
        engines = _engines(mixed, host)

    assert isinstance(engines["lowest"], FakeEngine)
    assert "cells of the same run that do not ask for it" in str(engines["lowest-cold"])
    assert "a run of their own" in engines["lowest-cold"].hint
    assert (host.granted, drop.read_text()) == ({}, "0")


def test_a_kernel_that_cannot_be_told_to_drop_anything_refuses_the_cells(
    wanting_cold: Experiment, machine: Path
) -> None:
    """Before anything runs, with the hint: here there is no such setting."""
    with tuned(wanting_cold, str, allowed=True, root=machine) as host:
        engines = _engines(wanting_cold, host)

    assert "drop_caches cannot be written: No such file" in str(engines["lowest-cold"])
    assert "root" in engines["lowest-cold"].hint
    assert host.granted == {}


@dataclass
class _Remote(FakeEngine):
    """An engine on another machine."""

    def describe(self) -> Mapping[str, Any]:
        """By its kernel, which is none of this machine's."""
        return {"engine": "docker", "kernel": "another"}


@pytest.mark.parametrize(
    ("scenario", "lists"),
    [
        ("fs-open", {"cache": ("cold",)}),
        ("mmap-large", {"thp": ("always",)}),
        ("mmap-large", {"hugetlb": ("pool",)}),
    ],
)
def test_this_machine_is_not_changed_for_what_runs_on_another(
    lab_root: Path, machine: Path, drop: Path, scenario: str, lists: dict[str, tuple[str, ...]]
) -> None:
    """Such a cell is refused, whatever it needs; one that needs nothing runs there."""
    wanted = _experiment(lab_root, scenario=scenario, **lists)
    plain = _experiment(lab_root, scenario=scenario)
    before = _pool(machine), _thp(machine).read_text(), drop.read_text()
    cells = [Wanted(*each, _Remote()) for each in (*wanted.cells, plain.cells[0])]
    with hosting.tuned(cells, str, run="r", allowed=True, root=machine) as host:
        assert (_pool(machine), _thp(machine).read_text(), drop.read_text()) == before
        *refused, runs = (host.applied_to(each).engine for each in cells)

    assert refused
    assert all("kernel another, here" in str(each) for each in refused)
    assert isinstance(runs, _Remote)
    assert host.granted == {}
