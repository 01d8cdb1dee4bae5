"""One port, three ways to deliver.

`outbox` writes files, `smtp` speaks to any server, `sendgrid` to SendGrid's
API. `make` returns the one that the settings name.
"""

import os
from functools import lru_cache
from importlib import import_module

from newsletter.delivery.mailers.port import Mailer, Outcome
from newsletter.settings import Settings

__all__ = ["Mailer", "Outcome", "make"]


def make(settings: Settings) -> Mailer:
    """Return this process's mailer, its connections kept between calls.

    Raises `SettingsError` where a setting that the mailer needs is missing.
    """
    return _made(settings.mailer, _Chosen(settings), os.getpid())


class _Chosen:
    """Settings that compare by what a mailer sees of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        secrets = (settings.smtp_url, settings.sendgrid_api_key, settings.dkim_key)
        revealed = [secret.get_secret_value() if secret else "-" for secret in secrets]
        revealed += settings.keys if settings.bounce_address else ()
        self._seen = " ".join([settings.model_dump_json(include=_SEEN), *revealed])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Chosen) and self._seen == other._seen

    def __hash__(self) -> int:
        return hash(self._seen)


_SEEN = {
    *(
        "mailer",
        "outbox_dir",
        "sendgrid_host",
        "sendgrid_timeout",
        "smtp_connections",
        "smtp_mails_a_connection",
    ),
    *(
        "from_",
        "reply_to",
        "bounce_address",
        "dkim_selector",
        "dkim_domain",
        "base_url",
        "name",
        "postal_address",
        "timezone",
        "templates_dir",
    ),
}


_WHERE = {"outbox": "outbox", "smtp": "smtp.mailer", "sendgrid": "sendgrid.mailer"}
"""The module of each mailer, imported only where it is chosen."""


@lru_cache(maxsize=8)
def _made(name: str, chosen: _Chosen, _pid: int) -> Mailer:
    # the process stands among the arguments because a forked child must not use its parent's connections
    mailer: Mailer = import_module(f"{__name__}.{_WHERE[name]}").connect(chosen.settings)
    return mailer
