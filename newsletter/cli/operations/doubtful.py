"""Settings that are possible and rarely meant: `newsletter check` warns about them."""

import re

from newsletter.delivery.feedback import events
from newsletter.delivery.mailers.smtp.mailer import Server
from newsletter.errors import SettingsError
from newsletter.settings import Settings

_SENDGRID_KEY = re.compile(r"SG\.[\w.-]+")


def find_doubtful(settings: Settings) -> list[str]:
    """Return what is set and will hardly work as it is meant, each with its remedy."""
    found = (_nothing_is_mailed(settings), _plain_http(settings), _api_key(settings), _webhook_key(settings))
    return [warning for warning in (*found, _port(settings), _proxies(settings)) if warning]


def _proxies(settings: Settings) -> str | None:
    is_beyond = settings.host not in {"127.0.0.1", "::1", "localhost"}
    if settings.is_production and is_beyond and not settings.trusted_proxies:
        return (
            "The site listens beyond this machine and trusts no proxy there: behind one, all visitors count "
            "as one network and share its limits. Set NEWSLETTER_TRUSTED_PROXIES to its address or `private`."
        )
    return None


def _nothing_is_mailed(settings: Settings) -> str | None:
    if settings.is_production and settings.mailer == "outbox":
        return "The mailer is outbox: files are written and nothing is mailed. Set NEWSLETTER_MAILER."
    return None


def _plain_http(settings: Settings) -> str | None:
    if settings.is_production and settings.base_url.startswith("http://"):
        return "NEWSLETTER_BASE_URL is http://, so links carry readers' tokens unencrypted. Use https://."
    return None


def _api_key(settings: Settings) -> str | None:
    key = settings.sendgrid_api_key
    if settings.mailer == "sendgrid" and key and not _SENDGRID_KEY.fullmatch(key.get_secret_value()):
        return (
            "SENDGRID_API_KEY does not look like one: they begin with SG. and hold no blanks. Copy it again."
        )
    return None


def _webhook_key(settings: Settings) -> str | None:
    if settings.sendgrid_webhook_key:
        try:
            events.read_key(settings.sendgrid_webhook_key)
        except SettingsError as error:
            return str(error)
    return None


def _port(settings: Settings) -> str | None:
    try:
        server = Server.read(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
    except SettingsError:
        return None  # a fault, and told as one
    if server and server.is_tls and server.port in {25, 587}:
        return f"SMTP_URL is smtps:// at port {server.port}, where TLS begins later. Write smtp://…:{server.port}."
    if server and not server.is_tls and server.port == 465:
        return "SMTP_URL is smtp:// at port 465, where TLS comes first. Write smtps://…:465."
    return None
