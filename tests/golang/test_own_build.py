"""Users' modules, built by real Go: from vendor/ or the module cache alone, and with what is missing named."""

from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.errors import BuildError
from lab.golang import module
from lab.golang.build import Binary, Setting, build
from lab.golang.toolchain import Toolchain
from tests.modules import PLAIN, USES_WORDS, Fetched, written

pytestmark = [pytest.mark.go, pytest.mark.slow]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory, go_binary: Path) -> Fetched:
    """A module whose requirement is in a module cache."""
    return Fetched(tmp_path_factory.mktemp("fetched"), go_binary)


@pytest.fixture
def built(cache: Path, go_toolchain: Toolchain, tmp_path: Path) -> "Builder":
    """Builds without keeping binaries, in the build cache that golab itself uses."""
    return Builder(HostEngine(cache=cache), go_toolchain, tmp_path / "kept")


class Builder:
    """One build after the other."""

    def __init__(self, engine: HostEngine, go: Toolchain, kept: Path) -> None:
        self._engine, self._go, self._kept = engine, go, kept

    def __call__(self, folder: Path, modules: Path | None = None) -> Binary:
        """The binary of the program in a folder."""
        own = module.read(folder, modules=modules)
        return build(self._engine, self._go, own.program, self._kept, Setting(own=own))

    def refusal(self, folder: Path, modules: Path | None = None) -> BuildError:
        """What is said of a module that cannot be built."""
        with pytest.raises(BuildError) as caught:
            self(folder, modules)
        return caught.value


def test_a_module_cache_is_read_and_not_written(built: Builder, fetched: Fetched) -> None:
    """A build finds in it what go.mod requires, and leaves it as it was."""
    before = sorted(fetched.cache.rglob("*"))

    assert built(fetched.module, fetched.cache).content.startswith(b"\x7fELF")

    assert sorted(fetched.cache.rglob("*")) == before


def test_what_is_vendored_needs_no_cache(built: Builder, fetched: Fetched, tmp_path: Path) -> None:
    """It is enough to vendor; when go.mod goes on without vendor/, what helps is said."""
    fetched.go("mod", "vendor")
    vendored = tmp_path / "vendored"
    fetched.module.joinpath("vendor").rename(tmp_path / "vendor")
    written(vendored, {name: (fetched.module / name).read_text() for name in ("go.mod", "go.sum", "main.go")})
    (tmp_path / "vendor").rename(vendored / "vendor")

    assert built(vendored).content.startswith(b"\x7fELF")

    (vendored / "go.mod").write_text(USES_WORDS["go.mod"].replace("v1.2.3", "v1.2.4"))
    assert str(built.refusal(vendored).hint).startswith(
        "vendor/ and go.mod do not say the same: go mod vendor"
    )


def test_a_module_that_is_nowhere_is_named(built: Builder, fetched: Fetched, tmp_path: Path) -> None:
    """With and without a module cache."""
    lacking = "module example.com/words@v1.2.3 is neither in vendor/ nor in the module cache: go mod vendor, or go mod download"
    empty = tmp_path / "empty"
    empty.mkdir()

    assert built.refusal(fetched.module).hint == lacking
    assert built.refusal(fetched.module, empty).hint == lacking


def test_what_go_mod_does_not_say_is_named(built: Builder, fetched: Fetched, tmp_path: Path) -> None:
    """A requirement, a line of go.sum, a newer Go."""
    unasked = written(tmp_path / "unasked", {**USES_WORDS, "go.mod": PLAIN["go.mod"]})
    unsummed = written(tmp_path / "unsummed", USES_WORDS)
    newer = written(tmp_path / "newer", {**PLAIN, "go.mod": "module m\n\ngo 1.28\n"})

    assert built.refusal(unasked).hint == (
        "go.mod names no module for package example.com/words: go get example.com/words, or go mod tidy"
    )
    assert built.refusal(unsummed, fetched.cache).hint == (
        "go.sum lacks an entry, and a build of the lab writes none: go mod tidy"
    )
    assert built.refusal(newer).hint == "go.mod wants Go 1.28 or newer: leave Go 1.27.3 out with --go"


def test_a_program_that_does_not_compile_is_shown_by_its_own_line(built: Builder, tmp_path: Path) -> None:
    """The compiler's words, the file as its user knows it, and the line."""
    broken = {"go.mod": PLAIN["go.mod"], "cmd/a/main.go": "package main\n\nfunc main() {\n\tx := 1\n}\n"}

    said = str(built.refusal(written(tmp_path, broken) / "cmd/a"))

    assert "cmd/a/main.go:4:2: declared and not used: x" in said
    assert said.endswith("\ncmd/a/main.go, line 4:\n  x := 1")


def test_c_that_nobody_asked_for_is_named(built: Builder, tmp_path: Path) -> None:
    """A program that is all C's has nothing left without it."""
    c = written(
        tmp_path,
        {
            **PLAIN,
            "main.go": 'package main\n\n// int one() { return 1; }\nimport "C"\n\nfunc main() { print(C.one()) }\n',
        },
    )

    assert built.refusal(c).hint == "a part of it may be C: --cgo builds it with a C compiler"
