"""A child for the journal's tests: changes something, uses it, puts it back, and kills itself at a step of its journal."""

import os
import signal
import sys
from pathlib import Path

from lab.engine import folders
from lab.host import tuning
from lab.host.journal import Journal
from lab.host.owner import Owner
from lab.model.folder import Laid


def main(folder: str, what: str, target: str, value: str, at: int) -> None:
    """Die by SIGKILL at the step *at*; exit 0 where there are fewer steps."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)

    journal = Journal(Path(folder), Owner.of_this_process("test"), step)
    if what == "setting":
        with tuning.setting(journal, Path(target), value):
            step()
    elif what == "switch":
        with tuning.switched(journal, Path(target), value) as switch:
            with switch.held():
                step()
            step()
    elif what == "tmpfs":
        with tuning.mount(journal, Path(target), "-t", "tmpfs", "golab-test"):
            step()
    elif what == "overlay":
        layers = ",".join((f"lowerdir={value}/a:{value}/b", f"upperdir={value}/up", f"workdir={value}/work"))
        with tuning.mount(journal, Path(target), "-t", "overlay", "-o", layers, "golab-test"):
            step()
    elif what == "folder":
        laid = (Laid(path="a/file-{}", size=10, count=3),)
        with folders.made(value, Path(target), journal, laid):
            step()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
