"""The file of an overlay is read whole, and everything that is wrong with it is said at once."""

from pathlib import Path

import pytest

from lab.errors import ManifestError
from lab.manifest.building import load_overlay
from lab.model.building import Edit

_GOOD = """
format = 1
title = "t"
releases = ["1.27.3"]
[[edits]]
file = "runtime/proc.go"
anchor = "func main() {"
after = "golab()"
since = "1.22"
[[files]]
file = "runtime/golab.go"
text = "package runtime"
"""


def test_a_good_overlay_has_its_edits(tmp_path: Path) -> None:
    """The nearest folder that has it counts."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/stamps.toml").write_text(_GOOD)
    (tmp_path / "stamps.toml").write_text("nonsense")

    overlay = load_overlay([tmp_path / "own", tmp_path], "stamps")

    (edit,) = overlay.edits
    assert edit == Edit(
        file="runtime/proc.go", anchor="func main() {", place="after", text="golab()", since="1.22"
    )
    assert overlay.files == {"runtime/golab.go": "package runtime"}


def test_every_mistake_is_named(tmp_path: Path) -> None:
    """An edit in two places, one in none, a key that is not there; and an overlay that is not there."""
    (tmp_path / "stamps.toml").write_text(
        _GOOD.replace("since", "sinse")
        + '[[edits]]\nfile = "a"\nanchor = "b"\n'
        + "before = 'x'\nafter = 'y'\n"
    )

    with pytest.raises(ManifestError) as caught:
        load_overlay([tmp_path], "stamps")
    with pytest.raises(ManifestError, match="there is no overlay 'stamp'; did you mean stamps"):
        load_overlay([tmp_path], "stamp")

    said = str(caught.value)
    assert "edits[0].sinse: there is no such key; did you mean since?" in said
    assert "an edit has one of before, after and instead" in said
