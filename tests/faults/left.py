"""What is there of golab's on this machine: a picture before and one after, and whatever is only in the second is left behind."""

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docker

from lab.host import mounts, scratch
from lab.host.owner import RUN

_SETTINGS: Final = (
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages",
)
"""All of the machine's that ``--tune-host`` may change."""


@dataclass(frozen=True)
class Picture:
    """Everything that a golab in the folder *home* may leave, by what it is."""

    things: frozenset[str]

    def beyond(self, before: "Picture") -> list[str]:
        """What is here and was not there before, in order."""
        return sorted(self.things - before.things)

    def lacking(self, before: "Picture") -> list[str]:
        """What was there before and is not here."""
        return sorted(before.things - self.things)


def picture(
    home: Path, url: str = "", cgroup: str = "", engine: Path | None = None, *, tuned: bool = False
) -> Picture:
    """What is there now: below *home* and the *engine*'s folder, in the engine at *url*, in the cgroups of that name, on the machine."""
    found = [f"process {each}" for each in _processes(home)]
    found += [f"mount {each}" for each in _mounts(home, *filter(None, [engine]))]
    found += [f"loop device {each}" for each in _loops() if str(home) in each]
    found += [f"file {each}" for each in _files(home)]
    found += [f"setting {path} {Path(path).read_text().strip()}" for path in _SETTINGS] if tuned else []
    found += [f"cgroup {each}" for each in _cgroups(cgroup)] if cgroup else []
    found += list(_in_engine(url)) if url else []
    return Picture(frozenset(found))


def _processes(home: Path) -> list[str]:
    """Whoever names *home*: in its words, its environment or its working directory."""
    named = os.fsencode(home)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            about = (words, (entry / "environ").read_bytes(), os.fsencode(str((entry / "cwd").readlink())))
            if words and any(named in each for each in about):
                found.append(words.replace(b"\0", b" ").decode(errors="replace").strip())
    return found


def _mounts(*folders: Path) -> list[str]:
    mounted = Path("/proc/self/mounts").read_text()
    return [point for folder in folders for point in mounts.below(mounted, folder)]


def _loops() -> list[str]:
    done = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def _files(home: Path) -> list[str]:
    """Temporary files and folders, entries of the journal, and what a run keeps only until it ends; not its record, nor a cache."""
    found = [str(path) for folder in ("tmp", "journal") for path in (home / folder).glob("*")]
    results, cache = home / "results", home / "cache/golab"
    found += [
        str(path)
        for path in results.rglob("*")
        if path.name.startswith("golab-") or path.name == "captures.jsonl"
    ]
    found += [str(path) for path in results.glob("*") if not (path / "plan.json").exists()]
    found += [str(path) for path in cache.rglob("*") if path.name.startswith((".", "golab-"))]
    return found


def _cgroups(name: str) -> list[str]:
    groups = Path("/sys/fs/cgroup")
    tops = [groups / name, *groups.glob(f"*/{name}")]
    return [str(path) for top in tops if top.is_dir() for path in top.rglob("*") if path.is_dir()]


def _in_engine(url: str) -> list[str]:
    """Containers of golab's, and volumes and images that no cache is: the latter are named by their owner."""
    client = docker.DockerClient(base_url=url)
    try:
        containers = client.api.containers(all=True, filters={"label": RUN})
        volumes = client.api.volumes()["Volumes"] or []
        tags = [tag for each in client.api.images() for tag in each["RepoTags"] or []]
        return [
            *(f"container {each['Names'][0]}" for each in containers),
            *(f"volume {each['Name']}" for each in volumes if not each["Name"].startswith("golab-")),
            *(f"image {tag}" for tag in tags if scratch.is_one(Path(tag.partition(":")[0]))),
        ]
    finally:
        client.close()
