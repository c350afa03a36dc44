"""A user's own program: what of a folder is taken, and what a folder lacks to be one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.golang import module
from tests.modules import PLAIN, USES_WORDS, written


def test_a_module_is_read_with_all_that_a_build_may_need(tmp_path: Path) -> None:
    """Embedded files and replaced modules, too; no history, no foreign module, none of the lab's own records."""
    written(
        tmp_path,
        {
            "go.mod": "module example.com/shop/v2 // ours\n\ngo 1.23.1\n\nreplace example.com/x => ./x\n",
            "cmd/Web_UI/main.go": "// package other\npackage main\n",
            "page.html": "p",
            "x/go.mod": "module example.com/x\n",
            "other/go.mod": "module example.com/other\n",
            ".git/config": "c",
            "kept/20260101-run/plan.json": "{}",
        },
    )

    found = module.read(tmp_path / "cmd/Web_UI", results=tmp_path / "kept")

    assert sorted(found.program.files) == ["cmd/Web_UI/main.go", "go.mod", "page.html", "x/go.mod"]
    assert (found.name, found.path, found.package) == (
        "program-web-ui",
        "example.com/shop/v2",
        "./cmd/Web_UI",
    )
    assert (found.go, found.vendored, found.modules) == ("1.23.1", False, None)
    assert found.releases == ("1.27.3", "1.26.6", "1.25.5", "1.24.11", "1.23.9")
    assert found.environment["GOFLAGS"] == "-mod=readonly"


def test_the_module_cache_is_shown_only_where_it_is_needed(tmp_path: Path) -> None:
    """Not to a module that needs no other, nor to one that brings them along."""
    plain = written(tmp_path / "plain", PLAIN)
    needs = written(tmp_path / "needs", USES_WORDS)
    vendored = written(
        tmp_path / "vendored", {**USES_WORDS, "vendor/modules.txt": "# example.com/words v1.2.3\n"}
    )
    cache = tmp_path / "cache"
    cache.mkdir()

    found = [module.read(each, modules=cache) for each in (plain, needs, vendored)]

    assert [each.modules for each in found] == [None, cache, None]
    assert [each.shown for each in found] == [{}, {"modules": cache}, {}]
    assert found[1].environment["GOMODCACHE"] == "{modules}"
    assert found[2].environment["GOFLAGS"] == "-mod=vendor"
    assert module.read(needs, modules=tmp_path / "nowhere").modules is None


@pytest.mark.parametrize(
    ("files", "folder", "said", "hint"),
    [
        ({}, "nowhere", "is no folder", "give the folder of a Go package"),
        ({"main.go": "package main"}, "main.go", "is no folder", "give its folder: "),
        ({"main.go": "package main"}, ".", "there is no go.mod in", "go mod init NAME"),
        (
            PLAIN | {"lib/lib.go": "package lib"},
            "lib",
            "is package lib, not main",
            "the folder of a package main",
        ),
        (PLAIN | {"doc/readme.md": ""}, "doc", "holds no Go files", "give the folder of a Go package"),
        (
            {"go.mod": "module m\n", "cmd/a/main.go": "package main", "main_test.go": "package m"},
            ".",
            "holds no Go files",
            "cmd/a",
        ),
        (PLAIN | {"go.mod": "go 1.22\n"}, ".", "names no module", "it begins with"),
        (
            PLAIN | {"go.mod": "module m\nreplace a.b/c => ../c\n"},
            ".",
            "replaces a module by ../c, which is not below",
            "go mod vendor",
        ),
    ],
)
def test_what_is_no_program_is_refused(
    tmp_path: Path, files: Mapping[str, str], folder: str, said: str, hint: str
) -> None:
    """What is wrong, and what would be right."""
    written(tmp_path, files)

    with pytest.raises(UsageError) as caught:
        module.read(tmp_path / folder)

    assert said in str(caught.value)
    assert hint in str(caught.value.hint)


def test_a_newer_go_than_can_be_had_is_refused(tmp_path: Path) -> None:
    """By go.mod's line; one that is older than the overlay's first release takes nothing away."""
    newer = module.read(written(tmp_path / "newer", PLAIN | {"go.mod": "module m\n\ngo 1.99\n"}))
    older = module.read(written(tmp_path / "older", PLAIN | {"go.mod": "module m\n"}))

    with pytest.raises(
        UsageError, match=r"asks for Go 1\.99, and the newest that golab can fetch is 1\.27\.3"
    ):
        _ = newer.releases
    assert older.releases[-1] == "1.22.10"


def test_a_module_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its largest part named."""
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    written(tmp_path, {**PLAIN, "videos/one.mp4": "v" * (3 << 20)})

    with pytest.raises(UsageError, match=r"largest: videos 3\.00 MiB"):
        module.read(tmp_path)


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, "/home/u/go/pkg/mod"),
        ({"GOPATH": "/a:/b"}, "/a/pkg/mod"),
        ({"GOMODCACHE": "/m", "GOPATH": "/a"}, "/m"),
    ],
)
def test_the_module_cache_is_where_go_has_it(environ: Mapping[str, str], place: str) -> None:
    """GOMODCACHE, else below the first of GOPATH, else below the home folder."""
    assert module.module_cache(environ, Path("/home/u")) == Path(place)
