"""What a run has in hand before anything of it is built."""

import functools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import pipeline
from lab.host.lock import measuring
from lab.store import Store
from tests.small import small_experiment


class _Heard:
    """Progress that remembers, and does something once it hears what it waits for."""

    def __init__(self, awaited: str, then: Callable[[], None]) -> None:
        self.words: list[str] = []
        self._awaited, self._then = awaited, then

    def stage(self, text: str) -> None:
        self.words.append(text)
        if self._awaited in text:
            self._then()

    def replicate(self, done: int, total: int) -> None:
        """None is measured."""


def test_a_run_has_a_name_that_nobody_took_while_it_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two golabs begin in the same second, with the same seed: the second looks again when it has the machine's lock."""
    lock, store = tmp_path / "lock", Store(tmp_path / "results")
    lock.mkdir()
    lock.chmod(0o777)
    monkeypatch.setattr(pipeline, "measuring", functools.partial(measuring, folders=[lock]))
    is_waiting = threading.Event()
    names: list[str] = []
    heard = _Heard("waiting for another golab", is_waiting.set)

    def second() -> None:
        name = functools.partial(store.free, "a-run")
        with pipeline._begun(
            small_experiment(), pipeline.Means(engine="host"), tmp_path / "cache", heard, name
        ) as (run, _):
            names.append(run)

    thread = threading.Thread(target=second)
    with measuring(print, wait=True, folders=[lock]):
        thread.start()
        assert is_waiting.wait(60)
        (store.root / "a-run").mkdir(parents=True)
    thread.join()

    assert names == ["a-run-2"]
    assert sum(words.startswith("engine host, no container (as asked)") for words in heard.words) == 2
