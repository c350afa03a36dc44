"""The scenario fs-open without Go: its twin in every default cell, what its folders hold, and what it must say of layers and of who waits."""

import statistics
from pathlib import Path

import pytest

from lab import catalogue, manifest, predict
from lab.bench.selection import Request, select
from lab.errors import UnknownNameError
from lab.model.matrix import Cell, default_cells
from lab.model.scenario import FS, Scenario
from lab.sim import simulate
from lab.sim.simulate import Result

_PARAMETERS = ("file", "depth", "goroutines", "fs")
_PER_PROCESS = 4
"""Names that nobody has opened, of a process: go_templates/fs-open/read.go."""


@pytest.fixture(scope="module")
def scenario(lab_root: Path) -> Scenario:
    """The manifest."""
    return manifest.load(lab_root / "scenarios/fs-open.toml")


@pytest.fixture(scope="module")
def twin(lab_root: Path) -> predict.Twin:
    """The twin."""
    return predict.read_twin(lab_root / "scenarios/fs-open.py")


def _of(twin: predict.Twin, cell: Cell, repetition: int = 0) -> Result:
    assert twin.main is not None
    return simulate(
        twin.main,
        cpus=2,
        gomaxprocs=2,
        repetition=repetition,
        params={name: cell.levels[name].value for name in _PARAMETERS},
    )


def test_the_twin_says_what_the_manifest_wants_of_it(scenario: Scenario, twin: predict.Twin) -> None:
    """Of every default cell whatever is predicted of it."""
    for cell in default_cells(scenario):
        result = _of(twin, cell)
        wanted = {
            each.observation
            for each in scenario.metrics_of(cell.levels)
            if not (each.described or each.not_predicted)
        }

        assert result.outcome == "exit", cell.id
        # Who comes to sleep among the last of a few may not be due yet when all are done. Of 64 there are always some behind it.
        is_short = cell.levels["goroutines"].value in (4, 16)
        assert set(result.observations) >= wanted - ({"other_late_ns"} if is_short else set()), cell.id


def test_layers_cost_who_opens_a_new_name_and_nobody_else(scenario: Scenario, twin: predict.Twin) -> None:
    """In the lowest layer, or nowhere; not in the top one; and never again."""
    cells = {cell.id: _of(twin, cell).observations for cell in default_cells(scenario)}

    def centre(cell: str, name: str) -> float:
        return float(statistics.median(cells[cell][name]))

    one, hundred = "lowest-fs_overlay-mount:1", "lowest-fs_overlay-mount:100"
    assert centre(hundred, "new_ns") > 5 * centre(one, "new_ns")
    assert centre("absent-fs_overlay-mount:100", "new_ns") > 5 * centre("absent-fs_overlay-mount:1", "new_ns")
    assert centre("top-fs_overlay-mount:100", "new_ns") < 2 * centre(one, "new_ns")
    assert centre(hundred, "again_ns") < 1.5 * centre(one, "again_ns")
    assert centre("lowest-fs_bind", "new_ns") < 1.5 * centre("lowest-fs_bind", "again_ns")


def test_ps_leave_threads_that_look_a_name_up_in_many_layers(scenario: Scenario, twin: predict.Twin) -> None:
    """Of 64 goroutines on 32 layers some in a few processes; on a bind mount, where every name is known, none."""
    lists = {"file": ("absent",), "goroutines": ("64",), "fs": ("overlay-mount:32", "bind")}
    cells = {cell.text(FS): cell for cell in select(scenario, Request(lists=lists))}
    handed = {
        fs: sum(_of(twin, cell, repetition=number).observations["handoffs"][0] for number in range(4))
        for fs, cell in cells.items()
    }

    assert handed["overlay-mount:32"] > handed["bind"]


def test_an_image_has_two_layers_that_hold_nothing_of_the_folder(
    scenario: Scenario, twin: predict.Twin
) -> None:
    """The agent's and the program's: one of three layers looks a name up in one, as one of a single layer does."""
    lists = {"fs": ("overlay:1", "overlay:3", "overlay:34")}
    one, three, many = (
        statistics.median(_of(twin, cell).observations["new_ns"])
        for cell in select(scenario, Request(lists=lists))
    )

    assert one == pytest.approx(three, rel=0.2)
    assert many > 3 * three


def test_every_process_finds_names_of_its_own(scenario: Scenario) -> None:
    """In a folder that cells share there are as many as all their processes open, and those that look what took effect."""
    sharing: dict[tuple[str, object], list[Cell]] = {}
    for cell in default_cells(scenario):
        if cell.text(FS) not in ("tmpfs", "host"):
            sharing.setdefault((cell.text(FS), scenario.laid(cell.levels)), []).append(cell)
    for (_, laid), cells in sharing.items():
        turns = len(cells) * (scenario.most_replicates + 1)
        numbered = {each.path: each.count for each in scenario.laid(cells[0].levels) if each.count > 1}

        for cell in cells:
            where = cell.text("file")
            if where == "written":
                prefix, needed = f"big-{cell.levels['size'].value}-", turns
            elif where == "absent":
                continue
            else:
                prefix, needed = "topnew-" if where == "top" else "new-", turns * _PER_PROCESS
            path = "d/" * (int(cell.text("depth")) - 1) + prefix + "{}"
            assert numbered[path] >= needed, (cell.id, laid)
            size = next(each.size for each in scenario.laid(cell.levels) if each.path == path)
            assert size == (int(cell.levels["size"].value) if where == "written" else 0), cell.id


def test_every_neighbour_of_the_lab_is_there(lab_root: Path) -> None:
    """In the folder of neighbours; one that is not is told with the nearest."""
    lab = catalogue.find(lab_root, lab_root)
    named = {each.program for name in lab.names() for each in manifest.load(lab.manifest(name)).neighbours}

    assert named == {"disk-writer"}
    assert all((lab.neighbour(name) / name / "main.go").is_file() for name in named)
    with pytest.raises(UnknownNameError, match="no neighbour is called 'disk-witer'") as unknown:
        lab.neighbour("disk-witer")
    assert unknown.value.hint == "did you mean disk-writer?"
