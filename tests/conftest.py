"""What every test may ask for: settings of its own, and a real server of our own."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from leftovers import adopt_orphans, end_descendants

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.embedded import EmbeddedServer
from newsletter.settings import Settings
from newsletter.store import Store

collect_ignore = ["support/hasty_worker.py", "support/skewed_worker.py", "support/weakened_worker.py"]
"""They change the application of whoever imports them, and doctests import every module that is collected."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch for what takes long."""
    parser.addoption("--soak", action="store_true", help="run the long forms too")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite on up to four cores, and tests that are asked for by name in this process."""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(os.cpu_count() or 1, 4) if is_whole else 0


def pytest_configure(config: pytest.Config) -> None:
    """Run alike in the background, under load, and beside a dependency that warns of its future."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts `pytest &`, and we our children
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # the same cases each time, so that a red run is the change's own; the long form tries others
    hypothesis.settings.register_profile("ours", deadline=None, derandomize=not config.getoption("--soak"))
    hypothesis.settings.load_profile("ours")
    if os.environ.get("CI") == "true":
        config.addinivalue_line("filterwarnings", "error")
    adopt_orphans()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms out unless they are asked for."""
    if config.getoption("--soak"):
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="the long form; ask for it with --soak"))


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_the_run() -> Iterator[None]:
    """End whatever the tests started and left running, and fail for it by name."""
    yield
    assert end_descendants() == []


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real documents that are not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real documents is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A real server in a folder of its own, for the whole run."""
    folder = Path(tempfile.mkdtemp(prefix="np-"))
    server = EmbeddedServer(folder)
    server.enter()
    yield server
    server.leave()
    shutil.rmtree(folder)


@pytest.fixture
def make_settings(server: EmbeddedServer, tmp_path: Path) -> Callable[..., Settings]:
    """Build settings that see nothing of this machine's environment."""

    def build(**overrides: object) -> Settings:
        defaults: dict[str, object] = {
            "redis_url": f"unix://{server.socket}",
            "data_dir": tmp_path / "data",
            "outbox_dir": tmp_path / "outbox",
            "secret_key": "a-secret-of-the-tests",
        }
        return settings_module.load({}, directory=tmp_path, **(defaults | overrides))

    return build


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Return the settings of a laptop."""
    return make_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Yield a connection to the run's own server, emptied before and after."""
    client = store_module.connect(settings)
    client.flushall()
    yield client
    client.flushall()
