"""Programs become binaries: the same ones each time, or the compiler's words with the line they are about."""

from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.errors import BuildError
from lab.golang.build import build
from lab.golang.render import GoProgram, read_program
from lab.golang.toolchain import Toolchain

pytestmark = [pytest.mark.go, pytest.mark.slow]


def _program(source: str) -> GoProgram:
    return GoProgram("example", {"go.mod": b"module example\n\ngo 1.22\n", "main.go": source.encode()})


@pytest.fixture
def engine(cache: Path) -> HostEngine:
    """This machine, with the build cache that golab itself uses."""
    return HostEngine(cache=cache)


def test_a_program_gives_the_same_binary_twice(
    engine: HostEngine, go_toolchain: Toolchain, tmp_path: Path
) -> None:
    """Two builds that share no kept binary agree to the byte."""
    program = _program("package main\n\nfunc main() { println(1) }\n")

    first, second = (build(engine, go_toolchain, program, tmp_path / name) for name in ("a", "b"))

    assert first.sha256 == second.sha256
    assert str(tmp_path).encode() not in first.content


def test_a_kept_binary_is_used_only_whole(
    engine: HostEngine, go_toolchain: Toolchain, tmp_path: Path
) -> None:
    """A kept binary that was damaged is built again."""
    program = _program("package main\n\nfunc main() { println(2) }\n")
    good = build(engine, go_toolchain, program, tmp_path)
    (kept,) = (tmp_path / "binaries").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])

    assert build(engine, go_toolchain, program, tmp_path).sha256 == good.sha256


def test_a_refused_program_shows_the_rendered_line(
    engine: HostEngine, go_toolchain: Toolchain, tmp_path: Path
) -> None:
    """The compiler's message, the file and line, and what stands there."""
    with pytest.raises(BuildError) as caught:
        build(engine, go_toolchain, _program("package main\n\nfunc main() {\n\tx := 1\n}\n"), tmp_path)

    assert "./main.go:4:2: declared and not used: x" in str(caught.value)
    assert str(caught.value).endswith("rendered main.go, line 4:\n  x := 1")


def test_the_agent_builds(engine: HostEngine, go_toolchain: Toolchain, lab_root: Path, cache: Path) -> None:
    """The lab's own Go is a static program."""
    agent = build(engine, go_toolchain, read_program(lab_root / "go_templates", "agent"), cache)

    assert agent.content.startswith(b"\x7fELF")
    assert b"/lib64/ld-linux" not in agent.content
