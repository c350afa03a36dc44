"""A sample of the faults, as the tests do it: by the tool itself, in a process of its own, which forks."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]


def sampled(*arguments: str) -> list[dict[str, Any]]:
    """A line for each fault that ``python -m tests.faults`` does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == any(line["wrong"] for line in lines), (
        done.stderr
    )  # 1 is also the code of a traceback
    return lines


def broken(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Where a promise was not kept, and which."""
    return [(line["fault"], line["phase"], line["point"], line["wrong"]) for line in lines if line["wrong"]]
