"""Golden files: what was rendered, as files that a person reads.

`pytest tests/golden --update-golden` rewrites them; the diff is the review.
"""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch; it is known where `tests/golden` is named on the command line."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text equals the golden file of a name, or becomes it."""
    folder = Path(request.path).parent
    updates = request.config.getoption("--update-golden", default=False)

    def check(name: str, text: str) -> None:
        path = folder / name
        if updates:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert text == path.read_bytes().decode(), f"{name} differs; see: pytest tests/golden --update-golden"

    return check
