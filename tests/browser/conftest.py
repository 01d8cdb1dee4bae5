"""Debian's Chromium and axe-core: skipped where there is none, failed in CI.

axe-core and the checkers of mails come from npm, once:
`npm install --prefix tests/browser --no-package-lock`.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import lacks

MODULES = Path(__file__).parent / "node_modules"
INSTALL = "npm install --prefix tests/browser --no-package-lock"


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Yield a browser for one file of tests: its event loop must not outlive them."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        lacks("Chromium", "apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacks("playwright", "uv sync --group browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core's script."""
    script = MODULES / "axe-core" / "axe.min.js"
    if not script.exists():
        lacks("axe-core", INSTALL)
    return script.read_text("utf-8")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Return the folder of npm packages that check mails."""
    if shutil.which("node") is None or not (MODULES / "caniemail").is_dir():
        lacks("caniemail", INSTALL)
    return MODULES
