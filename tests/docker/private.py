"""What tests of golab's own engine share: to have one, and to see whether anything is left of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.engine import daemon


def golab_engine(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """``golab engine`` with *words*: its exit code and its JSON."""
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    done = subprocess.run(
        [sys.executable, "-m", "lab", "engine", *words, "--json"],
        cwd=Path(__file__).parents[2],
        env=environment | {daemon.FOLDER: str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def left_of(folder: Path) -> list[str]:
    """Whatever names the folder or its cgroup: processes, mounts, cgroups, files."""
    cgroup = daemon.Places(folder).cgroup
    left = [line for line in Path("/proc/self/mounts").read_text().splitlines() if f" {folder}" in line]
    groups = Path("/sys/fs/cgroup")
    left += [str(path) for path in (groups / cgroup, *groups.glob(f"*/{cgroup}")) if path.exists()]
    left += [str(folder)] if folder.exists() else []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        left += [words] if f"{folder}/" in words else []
    return left
