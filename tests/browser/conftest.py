"""Debian's Chromium and axe-core: skipped where there is none, failed in CI.

axe-core and the checkers of mails come from npm, once:
`npm install --prefix tests/browser --no-package-lock`.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from machine import lacks
from served import Running, serving
from specimens import a_quiet_edition, an_edition, an_entry

MODULES = Path(__file__).parent / "node_modules"
REFUSED = "status of 422"
"""What Chromium says of a form that came back: meant."""
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


@pytest.fixture(scope="module")
def running(server) -> Iterator[Running]:
    """Serve four editions from the run's own store."""
    with serving(f"unix://{server.socket}") as site:
        today = site.visitor.now.date()
        tail = (an_entry(title="A Paper of the Tail"),)
        site.visitor.publish(
            an_edition(date=today, tail=tail),
            an_edition("hard", date=today - timedelta(days=1)),
            a_quiet_edition(date=today - timedelta(days=2)),
            an_edition(date=today - timedelta(days=40)),
        )
        yield site


@pytest.fixture
def watched(chromium, running: Running, request) -> Iterator[object]:
    """Yield a page that fails the test on a console error, a failed request or one to another host."""
    options = getattr(request, "param", {})
    context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if REFUSED not in said.text else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda asked: faults.append(asked.url) if not asked.url.startswith(running.url) else None
    )
    yield page
    context.close()
    assert faults == []
