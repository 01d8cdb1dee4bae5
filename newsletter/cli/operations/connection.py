"""How a command reaches the store."""

from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.settings import Settings
from newsletter.store import Store


def connected() -> tuple[Settings, Store]:
    """Return the settings of this folder and environment, and the store that they name.

    Raises what the two raise: a setting that cannot be read, a server that is away or unsafe.
    """
    settings = settings_module.load()
    return settings, store_module.connect(settings)
