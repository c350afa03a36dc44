"""What is done to this repository again and again, each as a session of nox.

Sessions run in the environment that nox itself is installed in: it was made from ``requirements.lock``, and a
second installation of the same packages for each session would cost minutes and prove nothing.

``dev`` makes that environment in ``.venv``; ``lint``, ``types``, ``arch`` and ``tests`` run by default;
``validate`` runs what the simulator's words are judged by; ``docker_tests`` needs a container engine, ``browser_tests`` Chromium, ``compiler_tests`` g++, ``faults`` root and hours, ``matrix`` and ``benchmarks`` a quiet machine.
"""

import sys
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "arch", "tests"]


@nox.session
def dev(session: nox.Session) -> None:
    """Make .venv from the lock, with golab installed in place."""
    session.run(sys.executable, "-m", "venv", ".venv")
    pip = (".venv/bin/python", "-m", "pip", "install", "--quiet")
    session.run(*pip, "--require-hashes", "-r", "requirements.lock")
    session.run(*pip, "--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: every rule but those that pyproject.toml excuses, and its format."""
    session.run(sys.executable, "-m", "ruff", "check", ".")
    session.run(sys.executable, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    session.run(sys.executable, "-m", "mypy")


@nox.session
def arch(session: nox.Session) -> None:
    """The direction of imports, and one door for each foreign library."""
    session.run(str(Path(sys.executable).with_name("lint-imports")))


@nox.session
def tests(session: nox.Session) -> None:
    """All tests that need no container engine, a file at a time on each CPU; the Go toolchain is fetched by its pin."""
    session.run(
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "auto",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        *session.posargs,
    )


@nox.session
def validate(session: nox.Session) -> None:
    """Rules and endings, real and simulated: words are judged, times printed. Ring 2 needs a quiet machine and an hour: by hand."""
    golab = (sys.executable, "-m", "lab", "validate", "--no-calibrate", "--quick")
    session.run(*golab, "--ring", "1", *session.posargs)
    session.run(*golab, "--ring", "oracle", *session.posargs)


@nox.session
def docker_tests(session: nox.Session) -> None:
    """The tests that need a container engine (DOCKER_HOST, or the default socket); none may be missing."""
    session.run(sys.executable, "-m", "pytest", "--run-docker", "-m", "docker", *session.posargs)


@nox.session
def compiler_tests(session: nox.Session) -> None:
    """The tests that need this machine's own C++ compiler (``apt-get install g++ libc6-dev``); none may be missing."""
    session.run(sys.executable, "-m", "pytest", "--run-compiler", "-m", "compiler", *session.posargs)


@nox.session
def browser_tests(session: nox.Session) -> None:
    """The tests that need Chromium (``apt-get install chromium fonts-dejavu-core``, or GOLAB_CHROMIUM); none may be missing."""
    session.run(sys.executable, "-m", "pytest", "--run-browser", "-m", "browser", *session.posargs)


@nox.session
def matrix(session: nox.Session) -> None:
    """Measure a matrix over Go releases (``nox -s matrix -- FILE …``; else the one that ships)."""
    session.run(sys.executable, "-m", "lab", "matrix", "run", *(session.posargs or ["mmap-large-everywhere"]))


@nox.session
def faults(session: nox.Session) -> None:
    """Every fault, in runs of every scenario, on every engine (hours, as root): ``nox -s faults -- FILE``, which goes on with the record FILE.

    ``python -m tests.faults page FILE > docs/guarantees.md`` says what came out.
    """
    if not session.posargs:
        session.error("name the record of the faults: nox -s faults -- FILE")
    record, *more = session.posargs
    own = ("--points", "every", "--patience", "10")
    tuned = ("--option=--tune-host", "--option=--set=thp=always", "--option=--set=mode=touch")
    real = ("host", "docker")
    failed = []
    for words in (
        ("fake", *own),
        ("fake", *own, "--second", "resume"),
        ("fake", *own, "--second", "clean"),
        (*real, *own),
        (*real, "--second", "resume"),
        (*real, "--second", "clean"),
        (*real, "--scenario", "all"),
        (*real, "--scenario", "hello-static", "--most", "12"),
        (*real, "--cold", "--phase", "build"),
        (*real, "--scenario", "mmap-large", "--calibrates", "--phase", "calibrate"),
        ("docker", "--option=--fs=overlay-mount:3"),
        (*real, "--scenario", "mmap-large", *tuned),
    ):
        try:
            session.run(sys.executable, "-m", "tests.faults", *words, "--record", record, *more)
        except (
            CommandFailed
        ):  # a promise was broken, or nobody could find out: the others are done all the same
            failed.append(" ".join(words))
    if failed:
        session.error(f"not all is well, as the record and the words above tell: {'; '.join(failed)}")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """What golab itself costs, as times and ratios of one run."""
    session.run(sys.executable, "-m", "benchmarks.main_job", *session.posargs)
    session.run(sys.executable, "-m", "benchmarks.sim_speed")
    session.run(sys.executable, "-m", "benchmarks.report_page")
    session.run(sys.executable, "-m", "benchmarks.summary")
    session.run(sys.executable, "-m", "benchmarks.signals")
    session.run(sys.executable, "-m", "benchmarks.dump")
    session.run(sys.executable, "-m", "benchmarks.overhead")
    session.run(sys.executable, "-m", "benchmarks.load")
