"""The record of the faults, a line each: what is in it is not done again."""

import json
import os
import platform
import subprocess
from pathlib import Path

from lab import __version__
from tests.faults import page
from tests.faults.drawing import EVERY
from tests.faults.fault import AT_EVERY_POINT
from tests.faults.injecting import Seen
from tests.faults.inside import Blow
from tests.faults.settings import Setting

Key = tuple[str, str, str, str, int | None]
"""Engine, scenario, fault, phase; and the point, where a fault at another one would be another."""


def key(setting: Setting, seen: Seen, blow: Blow, points: str) -> Key:
    """What a fault will be known by; *points* says whether kills are done at every point."""
    is_of_a_point = points == EVERY and blow.fault in AT_EVERY_POINT
    phase = seen.phases[blow.number - 1]
    point = blow.number if is_of_a_point else None
    return setting.engine, setting.scenario, blow.fault.value, phase, point


def faults(record: Path | None) -> set[Key]:
    """What a record has, by its point and without; nothing, if there is none yet."""
    if record is None or not record.exists():
        return set()
    lines = [json.loads(line) for line in record.read_text().splitlines()[1:]]
    return {
        (line["engine"], line["scenario"], line["fault"], line["phase"], point)
        for line in lines
        for point in (line["point"], None)
    }


def keep(record: Path, line: str) -> None:
    """Append a line; the first one says what the record is made with."""
    if not record.exists():
        release = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=False)
        docker = release.stdout.removeprefix("Docker version ").partition(",")[0]
        made_with = {
            "golab": __version__,
            "Python": platform.python_version(),
            "Linux": os.uname().release,
            "Docker": docker,
        }
        record.write_text(json.dumps({"format": page.FORMAT, **made_with}) + "\n")
    with record.open("a") as file:
        file.write(line + "\n")
