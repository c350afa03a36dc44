"""Templates become Go: their holes filled with typed literals, their mistakes named by file and line."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import catalogue, manifest
from lab.errors import BuildError
from lab.golang.render import GoProgram, go_literal, render_program
from lab.model.matrix import default_cells
from lab.workshop import render_cell

_VALUES: dict[str, int | str] = {
    "mode": "touch",
    "size": 4096,
    "thp": "never",
    "hugetlb": "none",
    "program": "pingpong",
    "given": "standard",
}


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Templates with one scenario and an empty Go side of the lab."""
    (tmp_path / "internal/lab").mkdir(parents=True)
    (tmp_path / "internal/lab/lab.go").write_text("package lab\n")
    (tmp_path / "example").mkdir()
    (tmp_path / "example/go.mod").write_text("module ${ module }\n\ngo ${ go_line }\n")
    return tmp_path


def test_holes_are_filled_and_go_is_left_alone(templates: Path) -> None:
    """Composite literals, shifts and templates of Go's own are no holes."""
    source = 'package main\n\nvar a, b = [][]int{{1}}, 1 << 3\n//% for n in [1, 2]\nconst c${ n } = ${ defaults.mode | go } + "{{.}}"\n//% endfor\n'
    (templates / "example/main.go").write_text(source)

    program = render_program(templates, "example", tools=templates, go_line="1.22", values=_VALUES)

    assert program.files["go.mod"] == b"module golab/example\n\ngo 1.22\n"
    assert program.files["main.go"].decode() == (
        'package main\n\nvar a, b = [][]int{{1}}, 1 << 3\nconst c1 = "touch" + "{{.}}"\nconst c2 = "touch" + "{{.}}"\n'
    )
    assert program.files["internal/lab/lab.go"] == b"package lab\n"


def test_the_go_line_is_not_part_of_what_is_compared(templates: Path) -> None:
    """Two releases' programs are the same program, and are built apart."""
    old, new = (
        render_program(templates, "example", tools=templates, go_line=line, values=_VALUES)
        for line in ("1.22", "1.27")
    )

    assert old.source_sha256 == new.source_sha256
    assert old.sha256 != new.sha256


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("package main\n\n${ nothing }\n", "main.go:3: 'nothing' is undefined"),
        ("a\n//% for\n", "main.go:2: "),
    ],
)
def test_a_wrong_template_is_named_with_its_line(templates: Path, source: str, place: str) -> None:
    """A hole that nothing fills is an error, not an empty string."""
    (templates / "example/main.go").write_text(source)

    with pytest.raises(BuildError) as caught:
        render_program(templates, "example", tools=templates, go_line="1.27", values=_VALUES)

    assert place in str(caught.value)


def test_an_archive_becomes_its_files(templates: Path) -> None:
    """How many there are, and by which names, the levels decide."""
    (templates / "example/chain.txtar").write_text(
        "//% for n in range(2)\n-- p${ n }/p.go --\npackage p${ n }\n//% endfor\n"
    )

    files = render_program(templates, "example", tools=templates, go_line="1.27", values=_VALUES).files

    assert files["p0/p.go"] == b"package p0\n"
    assert files["p1/p.go"] == b"package p1\n"
    assert "chain.txtar" not in files


def test_a_folder_called_zip_becomes_one_deflated_archive(templates: Path) -> None:
    """Equal content is an equal file, whenever it is made; what stands beside the folder stays as it is."""
    (templates / "example/files.txtar").write_text(
        "//% for n in (1, 0)\n-- all.zip/a/${ n }.txt --\n${ 'as it was, ' * 99 }${ n }\n//% endfor\n-- a.txt --\n${ 2 }\n"
    )

    first, second = (
        render_program(templates, "example", tools=templates, go_line="1.27", values=_VALUES).files
        for _ in range(2)
    )

    assert sorted(first) == ["a.txt", "all.zip", "go.mod", "internal/lab/lab.go"]
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first["all.zip"])) as archive:
        assert archive.namelist() == ["a/0.txt", "a/1.txt"]
        assert archive.read("a/1.txt") == b"as it was, " * 99 + b"1\n"
        assert archive.getinfo("a/1.txt").compress_size < 99
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_an_archive_without_a_file_is_none(templates: Path) -> None:
    """What stands before the first marker would be lost."""
    (templates / "example/chain.txtar").write_text("package lost\n-- a.go --\npackage a\n")

    with pytest.raises(BuildError, match=r"chain\.txtar: an archive begins with a line such as"):
        render_program(templates, "example", tools=templates, go_line="1.27", values=_VALUES)


@given(st.text())
def test_a_text_is_one_literal_whatever_it_holds(text: str) -> None:
    """No value can end its literal early or span lines."""
    literal = go_literal(text)

    assert literal.isascii()
    assert literal.isprintable()
    assert '"' not in literal[1:-1].replace("\\\\", "").replace('\\"', "")


def _lay(program: GoProgram, folder: Path) -> None:
    """Write the sources; what they embed may be ten thousand files."""
    for path, content in program.files.items():
        if not path.endswith(".go"):
            continue
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


@pytest.mark.go
@pytest.mark.slow
def test_all_go_of_the_lab_is_gofmts(lab_root: Path, go_binary: Path, tmp_path: Path) -> None:
    """Rendered programs and the lab's own are fixed points of gofmt."""
    own = lab_root / "go_templates"
    shown = catalogue.find(lab_root, lab_root)
    for lab in (shown, shown.validation):
        for name in (name for name in lab.names() if (lab.templates / name).is_dir()):
            scenario = manifest.load(lab.manifest(name))
            for cell in default_cells(scenario, tuned=True):
                _lay(render_cell(lab, scenario, cell, cell), tmp_path / name / cell.id)
    for folder in (own / "neighbours").iterdir():
        program = render_program(folder.parent, folder.name, tools=own, go_line="1.27", values={})
        _lay(program, tmp_path / folder.name)
    gofmt = [
        str(path) for path in (go_binary.with_name("gofmt"), "-l", tmp_path, own / "agent", own / "internal")
    ]

    assert subprocess.run(gofmt, capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.go
@pytest.mark.slow
def test_the_go_side_imports_hardly_anything(lab_root: Path, go_binary: Path, tmp_path: Path) -> None:
    """What every program links must not change what is measured."""
    listed = subprocess.run(
        [go_binary, "list", "-f", '{{join .Imports " "}}', "lab.go"],
        cwd=lab_root / "go_templates/internal/lab",
        env={"GOTOOLCHAIN": "local", "GOCACHE": str(tmp_path), "PATH": "", "GO111MODULE": "off"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert listed.stdout.split() == ["runtime", "strconv", "syscall", "unsafe"]
