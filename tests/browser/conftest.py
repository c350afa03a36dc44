"""A real browser; one that is not there is a failure, not a skip."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or what GOLAB_CHROMIUM names, without a display."""
    path = os.environ.get("GOLAB_CHROMIUM") or shutil.which("chromium")
    assert path, "there is no chromium: apt-get install chromium fonts-dejavu-core"
    with sync_playwright() as playwright:
        # Root may not use Chromium's own sandbox; the pages are our own.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
