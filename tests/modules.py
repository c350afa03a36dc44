"""Users' modules for tests, written where a test wants them: files by path, and a module cache that Go itself has filled."""

import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

PLAIN = {
    "go.mod": "module example.com/plain\n\ngo 1.22\n",
    "main.go": 'package main\n\nimport (\n\t"os"\n\t"strings"\n\t"time"\n)\n\nfunc main() {\n\ttime.Sleep(30 * time.Millisecond)\n\tos.Stdout.WriteString(strings.Join(append(os.Args[1:], os.Getenv("WORD")), ","))\n}\n',
}
"""Sleeps, and prints its arguments and a variable."""

USES_WORDS = {
    "go.mod": "module example.com/uses\n\ngo 1.22\n\nrequire example.com/words v1.2.3\n",
    "main.go": 'package main\n\nimport "example.com/words"\n\nfunc main() { print(words.All) }\n',
}
"""Needs a module of somebody else's."""

_WORDS = {
    "go.mod": "module example.com/words\n\ngo 1.22\n",
    "words.go": 'package words\n\nconst All = "words"\n',
}


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """*folder*, with *files*."""
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


class Fetched:
    """A module that needs another, its go.sum, and the module cache into which Go has fetched that."""

    def __init__(self, folder: Path, go: Path) -> None:
        self.module = written(folder / "uses", USES_WORDS)
        self.cache = folder / "modules"
        self._go = go
        self._proxy = folder / "proxy"
        versions = self._proxy / "example.com" / "words" / "@v"
        written(
            versions,
            {"v1.2.3.mod": _WORDS["go.mod"], "v1.2.3.info": '{"Version":"v1.2.3"}', "list": "v1.2.3\n"},
        )
        with zipfile.ZipFile(versions / "v1.2.3.zip", "w") as archive:
            for name, text in _WORDS.items():
                archive.writestr(f"example.com/words@v1.2.3/{name}", text)
        self.go("mod", "tidy")

    def go(self, *arguments: str) -> None:
        """Run Go in the module as its user would, with a proxy that is a folder."""
        subprocess.run(
            [self._go, *arguments],
            cwd=self.module,
            env={
                "GOFLAGS": "-mod=mod -modcacherw",
                "GOMODCACHE": str(self.cache),
                "GOPROXY": f"file://{self._proxy}",
                "GOSUMDB": "off",
                "GOTOOLCHAIN": "local",
                "HOME": str(self._proxy),
                "PATH": "/usr/bin:/bin",
            },
            check=True,
            capture_output=True,
        )
