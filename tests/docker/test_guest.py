"""Users' own programs in containers: the module cache is shown and cannot be written, limits are factors, a stuck start is named."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.engine.base import Job, Tree
from lab.engine.docker import DockerEngine
from lab.errors import EnvironmentRefusedError
from lab.model.units import Nanos
from tests.modules import USES_WORDS, Fetched

pytestmark = [pytest.mark.docker, pytest.mark.go, pytest.mark.slow]


def _run(folder: Path, results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ("run", "program", str(folder), "--engine", "docker", "--results", str(results), "--json")
    return subprocess.run(
        [sys.executable, "-m", "lab", *command, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_module_from_the_cache_runs_within_limits(tmp_path: Path, go_binary: Path) -> None:
    """Built from what the user's own Go has fetched; a quota is read back; nothing is written to the cache."""
    fetched = Fetched(tmp_path, go_binary)
    before = sorted(fetched.cache.rglob("*"))

    done = _run(
        fetched.module,
        tmp_path / "results",
        "--runs=1",
        f"--modcache={fetched.cache}",
        "--quota=0.5",
        "--gomaxprocs=1",
    )

    assert done.returncode == 0, done.stderr
    cells: list[Mapping[str, Any]] = json.loads(done.stdout)["cells"]
    assert {cell["id"]: cell["outcomes"] for cell in cells} == {
        f"{instrument}-p1-quota_0.5": {"exit": 1} for instrument in ("plain", "runtime", "schedtrace")
    }
    assert sorted(fetched.cache.rglob("*")) == before


def test_a_stuck_start_is_named_in_a_container(tmp_path: Path, go_binary: Path) -> None:
    """With the package, its goroutine and its stack, as on the host."""
    fetched = Fetched(tmp_path, go_binary)
    (fetched.module / "main.go").write_text(
        USES_WORDS["main.go"].replace(
            "func main", "var wait chan bool\n\nfunc init() { go func() { for {\n} }(); <-wait }\n\nfunc main"
        )
    )

    done = _run(fetched.module, tmp_path / "results", "--stuck-after=1s", f"--modcache={fetched.cache}")

    assert done.returncode == 1, done.stderr
    (start,) = json.loads(done.stdout)["starts"]
    assert (start["started"], start["package"]) == ("stuck", "main")
    assert start["goroutine"]["state"] == "chan receive (nil chan)"


def test_what_a_job_is_shown_cannot_be_written(
    engine: DockerEngine, probe_tree: Tree, probe_cache: str, tmp_path: Path
) -> None:
    """It is this machine's own folder; and an engine of another machine has none to show."""
    job = Job(
        tree=probe_tree,
        files={},
        argv=("{tree}/probe", "write", "{words}/new"),
        environment={},
        cache=probe_cache,
        outputs=(),
        timeout=Nanos(60 * 10**9),
        shown={"words": tmp_path},
    )
    elsewhere = DockerEngine(
        engine._client, url="tcp://203.0.113.7:2375", cache=tmp_path, owner=engine._owner
    )

    assert engine.run_job(job).stdout == b"/golab/shown/words/new false\n"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EnvironmentRefusedError, match="another machine's, and cannot be shown"):
        elsewhere.run_job(job)
