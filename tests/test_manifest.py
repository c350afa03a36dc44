"""A manifest is read whole, and everything that is wrong with it is said at once."""

import re
from pathlib import Path
from typing import Final

import pytest

from lab import catalogue, experiment, manifest
from lab.errors import ManifestError
from lab.model.building import Building
from lab.model.matrix import default_cells
from lab.model.scenario import BUILT_IN_FACTORS, OUTCOME_MARGIN

_MOST_CELLS: Final = 36
"""Of a scenario by default: groups of rows that a person still reads. What they take is another matter (tests/test_default_run.py)."""
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
name = "mode"
title = "m"
kind = "text"
levels = ["one", "two"]
default = "one"
reaches = "flag"
[[cells]]
name = "all"
levels = { mode = ["one", "two"], gomaxprocs = ["auto", "2"] }
[[metrics]]
name = "wait_ns"
title = "w"
observation = "wait_ns"
unit = "ns"
where = { mode = ["two"] }
"""


def _load(folder: Path, text: str) -> list[str]:
    path = folder / "example.toml"
    path.write_text(text)
    with pytest.raises(ManifestError) as caught:
        manifest.load(path)
    head, *mistakes = str(caught.value).splitlines()
    assert head == f"{path}: {len(mistakes)} mistake{'s' * (len(mistakes) > 1)}"
    return [mistake.strip() for mistake in mistakes]


def test_a_good_manifest_gives_its_cells(tmp_path: Path) -> None:
    """GOMAXPROCS and the Go release are factors without being declared."""
    path = tmp_path / "example.toml"
    path.write_text(_GOOD)

    scenario = manifest.load(path)

    assert [cell.id for cell in default_cells(scenario)] == ["one", "one-p2", "two", "two-p2"]
    assert [factor.name for factor in scenario.factors] == ["mode", *BUILT_IN_FACTORS]
    assert scenario.limits.memory_bytes == 2**20
    assert not scenario.building({}).needs_compiler


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("cells[0].levels", _GOOD.replace('gomaxprocs = ["auto", "2"]', 'with = ["plain", "sched"]')),
        ("metrics[0].where", _GOOD.replace('{ mode = ["two"] }', '{ with = ["sched"] }')),
        (
            "environment[0].where",
            _GOOD + '[[environment]]\nwhere = { with = ["plain"] }\nvariables = { A = "b" }\n',
        ),
        ("files[0].where", _GOOD + '[[files]]\npath = "a"\nsize = "1KiB"\nwhere = { with = ["sched"] }\n'),
        ("builds[0].where", _GOOD + '[[builds]]\nldflags = "-s"\nwhere = { with = ["sched"] }\n'),
        ("images[0].where", _GOOD + '[[images]]\nholds = ["base"]\nwhere = { with = ["dump"] }\n'),
        (
            "host_settings[0].where",
            _GOOD
            + '[[host_settings]]\nsetting = "drop_caches"\ncaches = "all"\nwhere = { with = ["sched"] }\n',
        ),
        ("neighbours[0].where", _GOOD + '[[neighbours]]\nprogram = "disk"\nwhere = { with = ["sched"] }\n'),
        ("touched.where", _GOOD + '[touched]\nfactor = "memory"\nwhere = { with = ["sched"] }\n'),
    ],
)
def test_a_manifest_asks_for_no_instrument(tmp_path: Path, at: str, text: str) -> None:
    """Else a claim could be judged by replicates that an instrument disturbed."""
    assert (
        f"{at}.with: a manifest asks for no instrument, so that its claims are judged by plain cells;"
        " it is asked for with --with"
    ) in _load(tmp_path, text)


def test_how_far_the_share_of_an_ending_may_be_off_is_the_manifests(tmp_path: Path) -> None:
    """Some margin there is always; one that holds nothing or everything is none."""
    path = tmp_path / "example.toml"
    path.write_text(_GOOD)
    usual = manifest.load(path)
    path.write_text(_GOOD.replace("[limits]", "outcome_margin = 0.2\n[limits]"))

    assert usual.outcome_margin == OUTCOME_MARGIN
    assert manifest.load(path).outcome_margin == 0.2
    for wrong in ("0", "1.0"):
        (mistake,) = _load(tmp_path, _GOOD.replace("[limits]", f"outcome_margin = {wrong}\n[limits]"))
        assert mistake.startswith("outcome_margin: ")


def test_a_program_with_c_says_so(tmp_path: Path) -> None:
    """And what else might be said of a build is named."""
    path = tmp_path / "example.toml"
    path.write_text(_GOOD + "[build]\ncgo = true\n")

    assert manifest.load(path).building({}).cgo
    (mistake,) = _load(tmp_path, _GOOD + "[build]\ncog = true\n")
    assert mistake.startswith("build.cog: there is no such key")


_LINKED = _GOOD.replace('reaches = "flag"', 'reaches = "build"')


def test_builds_go_by_level(tmp_path: Path) -> None:
    """The last word counts; what nobody says is as it is elsewhere."""
    path = tmp_path / "example.toml"
    path.write_text(
        _LINKED
        + '[build]\nldflags = "-s"\n[[builds]]\nwhere = { mode = ["two"] }\nldflags = "-s -w"\noverlay = "stamps"\n'
    )

    scenario = manifest.load(path)
    one, two = (scenario.building(cell.levels) for cell in default_cells(scenario)[::2])

    assert one == Building(ldflags="-s")
    assert two == Building(ldflags="-s -w", overlay="stamps")


def test_a_factor_that_reaches_the_build_says_how(tmp_path: Path) -> None:
    """Else its levels would be one program; and a level that is not there is named."""
    assert _load(tmp_path, _LINKED) == ["factors: 'mode' reaches the build, and no [[builds]] says how"]
    (mistake,) = _load(tmp_path, _LINKED + '[[builds]]\nwhere = { mode = ["three"] }\n')
    assert mistake.startswith("builds[0].where.mode: mode has no level 'three'")


_FACTOR = """[[factors]]
name = "depth"
title = "t"
kind = "integer"
levels = ["2", "9"]
default = "2"
reaches = "flag"
open = true
smallest = "1"
largest = "64"
"""
_DURATION = (
    _FACTOR.replace("integer", "duration")
    .replace('"2"', '"2ms"')
    .replace('"9"', '"9ms"')
    .replace('"1"', '"1ms"')
    .replace('"64"', '"1s"')
)


@pytest.mark.parametrize(
    ("factor", "good", "bad", "said"),
    [
        (_FACTOR, ("1", "64"), ("0", "65"), "depth goes from 1 to 64, not "),
        (_DURATION, ("1ms", "1s"), ("1us", "2s"), "depth goes from 1.00 ms to 1.00 s, not "),
    ],
)
def test_an_open_factor_has_the_ends_that_the_manifest_gives_it(
    tmp_path: Path, factor: str, good: tuple[str, ...], bad: tuple[str, ...], said: str
) -> None:
    """Beyond them a level is refused with what would be right, in the words of its kind."""
    path = tmp_path / "example.toml"
    path.write_text(_GOOD + factor)
    depth = manifest.load(path).factor("depth")

    assert [depth.level(text).text for text in good] == list(good)
    for text in bad:
        with pytest.raises(ValueError, match=re.escape(said + text)):
            depth.level(text)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"64"', '"8"', "factors[1].levels: 9 lies beyond its smallest or largest"),
        ('"64"', '"many"', "factors[1].largest: 'many' is not a whole number"),
        (
            "open = true",
            "open = false",
            "factors[1].smallest: goes with open = true and a kind that has numbers",
        ),
        ('"integer"', '"text"', "factors[1].smallest: goes with open = true and a kind that has numbers"),
    ],
)
def test_ends_that_cannot_be_are_mistakes(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """Of a level, of a text, of a factor that has no other levels than the listed."""
    assert said in _load(tmp_path, _GOOD + _FACTOR.replace(right, wrong))


def test_all_mistakes_are_reported_at_once_with_their_keys(tmp_path: Path) -> None:
    """Shapes, unknown keys, contradictions: one list, each with its key and the nearest right word."""
    text = (
        _GOOD.replace('title = "t"', 'titel = "t"')
        .replace('time = "1s"', 'time = "1 fortnight"')
        .replace("pids = 4", "pids = 1")
        .replace('default = "one"', 'default = "tow"')
        .replace('mode = ["one", "two"], gomaxprocs', 'mod = ["one"], gomaxprocs')
        .replace('gomaxprocs = ["auto", "2"]', 'gomaxprocs = ["0", "many"]')
        .replace('name = "wait_ns"', 'name = "wait"')
        .replace('where = { mode = ["two"] }', 'where = { mode = ["three"] }')
    )

    assert _load(tmp_path, text) == [
        "title: is missing",
        "limits.time: '1 fortnight' is not a number and a unit such as 1.5s (units: ns, us, µs, ms, s, m, h)",
        "limits.pids: is 1; should be greater than or equal to 2",
        "titel: there is no such key; did you mean title?",
        "factors[0].default: 'tow' is not one of its levels; did you mean two?",
        "cells[0].levels.mod: no factor is called 'mod'; did you mean mode?",
        "cells[0].levels.gomaxprocs: gomaxprocs goes from 1 to 1024, not 0",
        "cells[0].levels.gomaxprocs: 'many' is not a whole number",
        "metrics[0].where.mode: mode has no level 'three' (levels: one, two)",
        "metrics[0].name: 'wait' does not end in its unit, _ns",
    ]


def test_a_malformed_factor_does_not_make_its_users_wrong_too(tmp_path: Path) -> None:
    """One mistake is one line, not one for every place that mentions the factor."""
    assert _load(tmp_path, _GOOD.replace('kind = "text"', 'kind = "txt"')) == [
        "factors[0].kind: is 'txt'; should be 'bytes', 'duration', 'integer' or 'text'"
    ]


def test_what_is_not_toml_is_said_with_its_place(tmp_path: Path) -> None:
    """A syntax error names the file and what the parser saw."""
    path = tmp_path / "example.toml"
    path.write_text("format = = 1")

    with pytest.raises(ManifestError, match=r"example\.toml: not TOML: .*line 1"):
        manifest.load(path)


def test_every_scenario_of_the_lab_is_right(lab_root: Path) -> None:
    """No manifest that ships has a mistake, and none has more cells by default than somebody reads."""
    lab = catalogue.find(lab_root, lab_root)
    for name in lab.names():
        scenario = manifest.load(lab.manifest(name))
        assert 0 < len(default_cells(scenario)) <= _MOST_CELLS
        assert default_cells(scenario, quick=True)


def test_every_matrix_of_the_lab_is_right(lab_root: Path) -> None:
    """Each names scenarios, factors and levels that there are."""
    lab = catalogue.find(lab_root, lab_root)
    shipped = sorted((lab_root / "experiments").glob("*.toml"))

    assert len(shipped) >= 5
    assert [path.name for path in shipped if not experiment.of_matrix(lab, path).cells] == []


def test_what_the_machine_has_to_be_is_stated_by_setting(tmp_path: Path) -> None:
    """Huge pages by a factor that says how many bytes, transparent ones by their mode; the one's key is not the other's."""
    mode = '[[host_settings]]\nsetting = "transparent_hugepage"\nwhere = { mode = ["two"] }\n'
    pages = '[[host_settings]]\nsetting = "nr_hugepages"\nwhere = { mode = ["tow"] }\n'
    path = tmp_path / "good.toml"
    path.write_text(_GOOD + mode + 'mode = "always"\n')

    scenario = manifest.load(path)
    mistakes = _load(
        tmp_path, f'{_GOOD}{mode}factor = "mode"\n{mode}mode = "sometimes"\n{pages}mode = "never"\n'
    )

    assert [scenario.host_mode(cell.levels) for cell in default_cells(scenario, tuned=True)] == [
        *("", "", "always", "always")
    ]
    assert [cell.id for cell in default_cells(scenario)] == ["one", "one-p2"]
    assert mistakes == [
        "host_settings[1].mode: is 'sometimes'; should be 'always', 'madvise' or 'never'",
        "host_settings[0].mode: is missing",
        "host_settings[0].factor: does not go with transparent_hugepage, which goes by its mode",
        "host_settings[2].where.mode: mode has no level 'tow' (levels: one, two)",
        "host_settings[2].factor: is missing",
        "host_settings[2].mode: does not go with nr_hugepages, which goes by its factor",
    ]


def test_what_containers_hold_is_said_of_all_cells_or_of_some(tmp_path: Path) -> None:
    """Both add up; a factor, a level or a thing that there is not is named."""
    path = tmp_path / "example.toml"
    some = '[[images]]\nwhere = { mode = ["two"] }\nholds = ["base"]\n'
    path.write_text(_GOOD + '[image]\nholds = ["go"]\n' + some)
    scenario = manifest.load(path)
    held = {cell.id: scenario.held(cell.levels) for cell in default_cells(scenario)}

    assert held == {"one": {"go"}, "one-p2": {"go"}, "two": {"go", "base"}, "two-p2": {"go", "base"}}
    path.write_text(_GOOD)
    assert manifest.load(path).held(next(iter(default_cells(scenario))).levels) == frozenset()
    assert _load(tmp_path, _GOOD + some.replace('mode = ["two"]', 'mdoe = ["two"]')) == [
        "images[0].where.mdoe: no factor is called 'mdoe'; did you mean mode?"
    ]
    assert _load(tmp_path, _GOOD + some.replace('"base"', '"perl"')) == [
        "images[0].holds.0: is 'perl'; should be 'go' or 'base'"
    ]
