"""A job's command is told where its folders are, and its files stay in them."""

from pathlib import Path

import pytest

from lab.engine.base import Job, Tree
from lab.engine.places import Places, relative
from lab.model.units import Nanos

_PLACES = Places(tree="/go", work="/w", cache="/c", tmp="/t")


def _job(*argv: str, **environment: str) -> Job:
    return Job(
        tree=Tree(key="k", path=Path("/go"), at="/go"),
        files={},
        argv=argv,
        environment=environment,
        cache="c",
        outputs=(),
        timeout=Nanos(1),
    )


def test_places_are_filled_in() -> None:
    """All four, anywhere in a word and more than once."""
    job = _job("{tree}/bin/go", "-o={work}:{tmp}:{tmp}", GOCACHE="{cache}")

    assert _PLACES.argv(job) == ["/go/bin/go", "-o=/w:/t:/t"]
    assert _PLACES.environment(job) == {"GOCACHE": "/c"}


def test_other_braces_are_the_commands_own() -> None:
    """Go's list templates and shell words pass as they are."""
    assert _PLACES.argv(_job("-f={{.Dir}}", "{}", "{other}")) == ["-f={{.Dir}}", "{}", "{other}"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_path_outside_the_folder_is_a_bug(path: str) -> None:
    """The lab itself names these paths, so a wrong one is no user's error."""
    with pytest.raises(ValueError, match="is not a path below"):
        relative((path,))
