"""The words are those that each release's source has."""

import re
from pathlib import Path

import pytest

from lab.dump import word
from lab.golang import toolchain
from tests.dump.conftest import RELEASES

_TEXT = re.compile(r'^\s*\w+:\s*"(.*?)",', re.MULTILINE)


def _table(source: str, name: str) -> set[str]:
    found = re.search(rf"^var {name} = .*?^}}", source, re.MULTILINE | re.DOTALL)
    assert found
    return set(_TEXT.findall(found[0])) - {""}


_IN_SOURCE = {
    "(scan)": '" (scan)"',
    "(durable)": '" (durable)"',
    "(leaked)": '" (leaked)"',
    "minutes": '" minutes"',
    "locked to thread": '", locked to thread"',
    "gp= m= mp=": '" gp="',
    "synctest group": '", synctest group "',
    "synctest bubble": '", synctest bubble "',
    "labels:{…} inside the brackets": '" labels:{"',
    "{…} behind the brackets": '" {"',
}
"""How goroutineheader prints each mark and field."""


@pytest.mark.go
def test_each_release_has_the_words_of_its_source(cache: Path) -> None:
    """Of all releases that are here, and at least of three: no word is missing, and none is invented."""
    for release in {*RELEASES, *toolchain.fetched(cache)}:
        runtime = toolchain.fetch(release, cache, print).tree.path / "src/runtime"
        line = toolchain.go_line(release)

        statuses = _table((runtime / "traceback.go").read_text(), "gStatusStrings")
        reasons = _table((runtime / "runtime2.go").read_text(), "waitReasonStrings")

        assert {it.text for it in word.REASONS if it.is_in(line)} == reasons, release
        assert {it.text for it in word.STATUSES if it.is_in(line)} - {"???"} == statuses, release
        begins = re.search(
            r"^func goroutineheader.*?^}", (runtime / "traceback.go").read_text(), re.MULTILINE | re.DOTALL
        )
        assert begins
        printed = {text for text, code in _IN_SOURCE.items() if code in begins[0]}
        assert {it.text for it in (*word.MARKS, *word.FIELDS) if it.is_in(line)} == printed, release
