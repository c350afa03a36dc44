"""The manifest that the lab writes for a user's program is a manifest like any other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import manifest
from lab.bench.command import environment, flags
from lab.errors import ManifestError
from lab.manifest.guest import Guest, stated, trace_interval_ms
from lab.model.matrix import default_cells
from lab.model.scenario import Scenario
from lab.model.units import Nanos

_LIMIT = Nanos(10**10)
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_NAMES = st.text(st.characters(exclude_characters="\0=", exclude_categories=["Cs"]), min_size=1)


def _read(guest: Guest) -> Scenario:
    return manifest.read(stated(guest), name="program-x", path=Path("program-x.toml"))


@given(title=_TEXT, arguments=st.lists(_TEXT), variables=st.dictionaries(_NAMES, _TEXT))
def test_whatever_a_user_says_comes_back_as_it_was(
    title: str, arguments: list[str], variables: dict[str, str]
) -> None:
    """Quotes, newlines and control characters: what is written is what is read."""
    scenario = _read(
        Guest(title=title, releases=["1.27.3"], time_limit=_LIMIT, arguments=arguments, variables=variables)
    )

    assert scenario.title == title
    assert scenario.process.arguments == tuple(arguments)
    assert dict(scenario.process.variables[0].values if variables else {}) == variables
    assert not scenario.process.speaks


def test_each_instrument_is_a_cell_of_its_own() -> None:
    """An overlay by one level, GODEBUG by another beside what the user sets, and nothing by the plain one."""
    scenario = _read(
        Guest(
            title="t",
            releases=["1.27.3"],
            time_limit=_LIMIT,
            arguments=["-a"],
            variables={"GODEBUG": "gctrace=0", "HOME": "/x"},
            cgo=True,
        )
    )

    cells = {cell.id: cell for cell in default_cells(scenario)}

    assert list(cells) == ["plain", "runtime", "schedtrace"]
    assert [scenario.building(cell.levels).overlay for cell in cells.values()] == ["", "program", ""]
    assert all(scenario.building(cell.levels).cgo for cell in cells.values())
    assert {name: flags(scenario, cell) for name, cell in cells.items()} == dict.fromkeys(cells, ("-a",))
    godebug = {name: environment(scenario, cell)[0] for name, cell in cells.items()}
    assert godebug == {
        "plain": "GODEBUG=gctrace=0",
        "runtime": "GODEBUG=gctrace=0",
        "schedtrace": "GODEBUG=gctrace=0,schedtrace=10",
    }
    assert "HOME=/x" in environment(scenario, cells["plain"])


@pytest.mark.parametrize(("limit", "interval"), [(5 * 10**8, 1), (10**10, 10), (6 * 10**11, 600)])
def test_schedtrace_prints_a_thousand_lines_at_most(limit: int, interval: int) -> None:
    """Whole milliseconds, by the time that a replicate may take."""
    assert trace_interval_ms(Nanos(limit)) == interval


def test_what_a_process_is_given_is_checked() -> None:
    """A level that is not there, a name that is none, a NUL: all at once, with their place."""
    mistaken = stated(Guest(title="t", releases=["1.27.3"], time_limit=_LIMIT)).decode()
    mistaken += '\n[[environment]]\nvariables = { "A=B" = "c" }\n'
    mistaken += '\n[[environment]]\nwhere = { instrument = ["plane"] }\nvariables = { A = "c" }\n'
    mistaken = mistaken.replace("arguments = []", 'arguments = ["\\u0000"]')

    with pytest.raises(ManifestError) as caught:
        manifest.read(mistaken.encode(), name="x", path=Path("x.toml"))

    said = str(caught.value)
    assert said.startswith("x.toml: 3 mistakes")
    assert "no process can be given a NUL" in said
    assert "environment[2].variables.A=B" in said
    assert "environment[3].where.instrument: instrument has no level 'plane'" in said
