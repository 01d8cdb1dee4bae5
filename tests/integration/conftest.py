"""What tests that ask the world over loopback share."""

from collections.abc import Callable, Iterator

import pytest
from website import Website, website

from newsletter.settings import Settings


@pytest.fixture
def site() -> Iterator[Website]:
    """Yield a running server."""
    with website() as running:
        yield running


@pytest.fixture
def private(make_settings: Callable[..., Settings]) -> Settings:
    """Return settings that let loopback be asked."""
    return make_settings(allow_private_sources=True)
