"""What a manifest says of a cell's folder and of who works beside it."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.errors import ManifestError
from lab.manifest import load
from lab.model.folder import Laid, laid_in
from lab.model.matrix import default_cells
from lab.model.scenario import Neighbour

_GOOD = """
format = 1
title = "t"
blocks = "b"
look_for = "l"
releases = ["1.27.3"]
[limits]
time = "1s"
memory = "1MiB"
pids = 4
[[factors]]
name = "beside"
title = "m"
kind = "text"
levels = ["none", "disk"]
default = "none"
reaches = "surroundings"
[[cells]]
name = "all"
levels = { beside = ["none", "disk"] }
[[metrics]]
name = "wait_ns"
title = "w"
observation = "wait_ns"
unit = "ns"
"""
_NEIGHBOUR = """
[[neighbours]]
program = "disk-writer"
arguments = ["-piece=4096"]
where = { beside = ["disk"] }
"""
_FILES = """
[[files]]
path = "a/file-{}"
size = "4KiB"
count = 3
layer = "top"
linked = true
where = { beside = ["none"] }
[[files]]
path = "known"
size = "0B"
"""


def _mistakes(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ManifestError) as refused:
        load(path)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_a_folder_holds_and_a_neighbour_works_by_cell(tmp_path: Path) -> None:
    """Each where its table says so."""
    path = tmp_path / "good.toml"
    path.write_text(_GOOD + _NEIGHBOUR + _FILES)

    scenario = load(path)
    alone, beside = default_cells(scenario)
    assert scenario.neighbour(alone.levels) is None
    assert scenario.neighbour(beside.levels) == Neighbour(
        program="disk-writer", arguments=("-piece=4096",), where={"beside": ("disk",)}
    )
    file = Laid(path="a/file-{}", size=4096, layer="top", count=3, is_linked=True)
    assert scenario.laid(alone.levels) == (file, Laid(path="known", size=0))
    assert scenario.laid(beside.levels) == (Laid(path="known", size=0),)
    assert file.paths == ("a/file-0", "a/file-1", "a/file-2")
    assert [list(laid_in(number, 2, [file])) for number in (1, 2)] == [[], [file]]
    assert list(laid_in(1, 1, [file])) == [file]
    everywhere = replace(file, layer="every")
    assert [list(laid_in(number, 3, [everywhere])) for number in (1, 2, 3)] == [[everywhere]] * 3


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    """Paths that lead out, numbers without a place, a level that nobody knows, surroundings that nothing says."""
    files = _FILES.replace("file-{}", "file").replace('"known"', '"../known"')
    neighbour = _NEIGHBOUR.replace('"disk"]', '"dsk"]')

    assert _mistakes(tmp_path, _GOOD) == [
        "factors: 'beside' reaches the surroundings, and no [[neighbours]] or [[host_settings]] says how"
    ]
    assert _mistakes(tmp_path, _GOOD + neighbour + files) == [
        "files[0]: {} in its path and a count of more than 1 go together",
        "files[1].path: '../known' is no path within a folder",
        "neighbours[0].where.beside: beside has no level 'dsk' (levels: none, disk)",
    ]


def test_caches_go_by_what_is_dropped(tmp_path: Path) -> None:
    """And by nothing else."""
    wrong = '[[host_settings]]\nsetting = "drop_caches"\nmode = "always"\nwhere = { beside = ["disk"] }\n'
    right = '[[host_settings]]\nsetting = "drop_caches"\ncaches = "all"\nwhere = { beside = ["disk"] }\n'
    path = tmp_path / "good.toml"
    path.write_text(_GOOD + right)

    scenario = load(path)
    assert [scenario.host_drop(cell.levels) for cell in default_cells(scenario, tuned=True)] == [None, "all"]
    assert len(default_cells(scenario)) == 1
    assert _mistakes(tmp_path, _GOOD + wrong) == [
        "host_settings[0].caches: is missing",
        "host_settings[0].mode: does not go with drop_caches, which goes by its caches",
    ]
