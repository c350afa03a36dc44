"""Templates become Go: their holes filled with typed literals, their mistakes named by file and line."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BuildError
from lab.golang.render import go_literal, render_program

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


@given(st.text())
def test_a_text_is_one_literal_whatever_it_holds(text: str) -> None:
    """No value can end its literal early or span lines."""
    literal = go_literal(text)

    assert literal.isascii()
    assert literal.isprintable()
    assert '"' not in literal[1:-1].replace("\\\\", "").replace('\\"', "")


@pytest.mark.go
@pytest.mark.slow
def test_all_go_of_the_lab_is_gofmts(lab_root: Path, go_binary: Path, tmp_path: Path) -> None:
    """Rendered programs and the lab's own are fixed points of gofmt."""
    own = lab_root / "go_templates"
    judging = [path.parent.name for path in (own / "validate").glob("*/go.mod")]
    assert len(judging) >= 4
    for templates, folder in ((own, "mmap-large"), *((own / "validate", name) for name in judging)):
        for path, content in render_program(
            templates, folder, tools=own, go_line="1.27", values=_VALUES
        ).files.items():
            place = tmp_path / folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
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
