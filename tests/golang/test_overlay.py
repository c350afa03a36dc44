"""Other sources for a build: they fit the release, or the build says where they do not."""

import subprocess
from pathlib import Path

import pytest

from lab.engine.base import Tree
from lab.engine.host import HostEngine
from lab.errors import BuildError
from lab.golang.build import Setting, build
from lab.golang.overlay import overlaid
from lab.golang.render import GoProgram
from lab.golang.toolchain import Toolchain
from lab.model.building import Edit, Overlay

_SOURCE = "package runtime\n\nfunc a() {\n\tb()\n}\n\nfunc b() {\n}\n"


@pytest.fixture
def release(tmp_path: Path) -> Toolchain:
    """A release with one file."""
    (tmp_path / "src/runtime").mkdir(parents=True)
    (tmp_path / "src/runtime/proc.go").write_text(_SOURCE)
    return Toolchain("1.27.3", Tree(key="go", path=tmp_path, at="/usr/local/go"))


def _overlay(*edits: Edit) -> Overlay:
    return Overlay(
        name="stamps",
        title="t",
        releases=("1.27.3",),
        edits=edits,
        files={"runtime/c.go": "package runtime\n"},
    )


def _edit(anchor: str, place: str, text: str, **bounds: str) -> Edit:
    return Edit(file="runtime/proc.go", anchor=anchor, place=place, text=text, **bounds)  # type: ignore[arg-type]


def test_edits_stand_before_after_and_instead(release: Toolchain) -> None:
    """Whole lines, in the order of the file or in any other; those of other releases are left out."""
    found = overlaid(
        [
            _overlay(
                _edit("func b() {", "after", "\tlast()"),
                _edit("\tb()", "before", "\tfirst()"),
                _edit("func a() {", "instead", "func A() {"),
                _edit("nowhere", "after", "never", until="1.27"),
                _edit("nowhere", "after", "never", since="1.28"),
            )
        ],
        release,
    )

    assert found["runtime/proc.go"].decode() == (
        "package runtime\n\nfunc A() {\n\tfirst()\n\tb()\n}\n\nfunc b() {\n\tlast()\n}\n"
    )
    assert found["runtime/c.go"] == b"package runtime\n"
    assert (release.tree.path / "src/runtime/proc.go").read_text() == _SOURCE


@pytest.mark.parametrize(
    ("anchor", "why"),
    [
        ("func c() {", "in runtime/proc.go these lines stand 0 times, and should stand once:\nfunc c() {"),
        ("}", "in runtime/proc.go these lines stand 2 times"),
        ("b()", "in runtime/proc.go these lines stand 0 times"),
    ],
)
def test_a_source_that_has_moved_is_no_build(release: Toolchain, anchor: str, why: str) -> None:
    """An anchor that is gone, one that is not unique, and one that is no whole line."""
    with pytest.raises(BuildError) as caught:
        overlaid([_overlay(_edit(anchor, "after", "x"))], release)

    assert str(caught.value).startswith("the overlay stamps does not fit Go 1.27.3: ")
    assert why in str(caught.value)


def test_another_release_and_another_file_are_refused(release: Toolchain) -> None:
    """By name."""
    with pytest.raises(BuildError, match=r"was not made for Go 1\.26\.2"):
        overlaid([_overlay()], Toolchain("1.26.2", release.tree))
    with pytest.raises(BuildError, match=r"gone\.go: No such file"):
        overlaid([_overlay(Edit(file="gone.go", anchor="a", place="after", text="b"))], release)


@pytest.mark.go
@pytest.mark.slow
def test_a_build_sees_them(go_toolchain: Toolchain, cache: Path, tmp_path: Path) -> None:
    """An edited function of a small package of the release, seen by a program; the release is as it was."""
    edit = Edit(
        file="unicode/utf16/utf16.go",
        anchor="func IsSurrogate(r rune) bool {",
        place="after",
        text="\tif r == 'g' {\n\t\treturn true\n\t}",
    )
    overlay = Overlay(name="changed", title="t", releases=(go_toolchain.release,), edits=(edit,))
    source = b"package main\n\nimport \"unicode/utf16\"\n\nfunc main() { println(utf16.IsSurrogate('g')) }\n"
    program = GoProgram("example", {"go.mod": b"module example\n\ngo 1.22\n", "main.go": source})
    said = []
    for sources in ({}, overlaid([overlay], go_toolchain)):
        binary = build(HostEngine(cache=cache), go_toolchain, program, tmp_path, Setting(sources=sources))
        place = tmp_path / binary.sha256
        place.write_bytes(binary.content)
        place.chmod(0o755)
        said.append(subprocess.run([place], capture_output=True, text=True, check=True).stderr)
        assert b".golab-overlay" not in binary.content

    assert said == ["false\n", "true\n"]
