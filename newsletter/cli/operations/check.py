"""`newsletter check`: what can be known before anything is started."""

import os
from email.utils import parseaddr
from pathlib import Path
from typing import Final

import click

from newsletter import embedded, folders
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.cli import output
from newsletter.cli.operations import rehearsal
from newsletter.cli.operations.doubtful import find_doubtful
from newsletter.delivery.mailers.dkim import Signer
from newsletter.delivery.mailers.smtp import mailer as smtp
from newsletter.delivery.mailers.smtp.return_path import ReturnPath
from newsletter.errors import InvalidInputError, NewsletterError, SettingsError
from newsletter.rendering import template_check
from newsletter.rendering.site import SiteFacts
from newsletter.settings import Settings
from newsletter.subscribers import addresses

LONGEST_STRING: Final = 255
"""Bytes of one string in a TXT record (RFC 1035, 3.3)."""


@click.command()
@click.option("--mail-server", "asks_mail_server", is_flag=True, help="Connect to SMTP_URL and log in, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(asks_mail_server: bool, as_json: bool) -> None:
    """Check settings, secrets, templates and folders, without touching the network. Exit 1 on a fault."""
    settings = settings_module.load()
    faults, warnings = find_faults(settings), [*find_doubtful(settings), *find_exposed(settings, Path.cwd())]
    if asks_mail_server and (fault := smtp.reach(settings)):
        faults.append(fault)
    if as_json:
        output.show([{"fault": one} for one in faults] + [{"warning": one} for one in warnings], as_json=True)
    else:
        output.show([{"fault": fault} for fault in faults], as_json=False)
        for warning in warnings:
            click.echo(f"Warning: {warning}", err=True)
    if faults:
        raise SettingsError(f"{len(faults)} fault{'s' if len(faults) > 1 else ''} found; see above.")
    if not as_json:
        click.echo(f"Everything that can be checked before the start is in order. Mailer: {settings.mailer}.")
        if settings.mailer != "outbox":
            click.echo(
                "Where nothing was mailed yet, the first edition waits until you have looked at it: "
                "newsletter edition preview, then: newsletter edition resume"
            )
        if signer := Signer.of(settings):
            click.echo('Publish this TXT record in the DNS: {} "{}"'.format(*signer.record))
            if len(signer.record[1]) > LONGEST_STRING:
                click.echo(f"In a zone file, cut it into strings of at most {LONGEST_STRING} characters.")


def find_faults(settings: Settings) -> list[str]:
    """Return what would go wrong later, each with its remedy, in the order of the walk."""
    checks = (
        _secret,
        _server,
        _data_dir,
        _sender,
        _return_path,
        _dkim,
        _operator,
        _mailer,
        _mail_server,
        _outbox,
        _templates,
        _sources,
    )
    found = [fault for one in checks if (fault := one(settings))]
    if not found and (fault := rehearsal.fault(settings)):
        found.append(fault)
    return found


def find_exposed(settings: Settings, directory: Path) -> list[str]:
    """Return what others on this machine may read, each with its remedy; `.env` stands in `directory`."""
    paths = [directory / ".env", settings.data_dir.expanduser(), settings.outbox_dir]
    key = settings.dkim_key.get_secret_value() if settings.dkim_key else ""
    if key and "-----BEGIN" not in key:
        paths.append(Path(key).expanduser())
    return folders.exposed(paths)


def _secret(settings: Settings) -> str | None:
    try:
        weak = [key for key in settings.keys if len(key) < 16]  # 128 bits need 22 characters of base64
    except NewsletterError as error:
        return str(error)
    if not weak:
        return None
    return (
        "NEWSLETTER_SECRET_KEY is shorter than 16 characters. Make a longer one with: "
        "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    )


def _server(settings: Settings) -> str | None:
    try:
        if settings.redis_url:
            store_module.client_of(settings.redis_url.get_secret_value())
        else:
            embedded.version_of(embedded.find_binary())
    except NewsletterError as error:
        return str(error)
    return None


def _data_dir(settings: Settings) -> str | None:
    if _can_be_written(settings.data_dir):
        return None
    return f"{settings.data_dir} cannot be written. Set NEWSLETTER_DATA_DIR to a folder of yours."


def _sender(settings: Settings) -> str | None:
    _, address = parseaddr(settings.from_)
    if "@" not in address:
        return f"NEWSLETTER_FROM ({settings.from_}) holds no address. Write: Name <papers@example.org>"
    if settings.mailer != "outbox" and address.endswith("@localhost"):
        return "NEWSLETTER_FROM is still papers@localhost. Set it to an address of your domain."
    return None


def _return_path(settings: Settings) -> str | None:
    if settings.bounce_address:
        try:
            ReturnPath.at(settings.bounce_address, ())
        except SettingsError as error:
            return str(error)
    return None


def _dkim(settings: Settings) -> str | None:
    try:
        Signer.of(settings)
    except SettingsError as error:
        return str(error)
    return None


def _operator(settings: Settings) -> str | None:
    if settings.operator:
        try:
            addresses.parse(settings.operator)
        except InvalidInputError as error:
            return f"NEWSLETTER_OPERATOR is not a valid address: {error}"
    return None


def _mailer(settings: Settings) -> str | None:
    if settings.mailer == "smtp" and not settings.smtp_url:
        return "The mailer is smtp, but SMTP_URL is not set. Write: smtp://user:password@host:587"
    if settings.mailer == "sendgrid" and not settings.sendgrid_api_key:
        return "The mailer is sendgrid, but SENDGRID_API_KEY is not set. Make a key that may send mail."
    if settings.mailer != "outbox" and not settings.postal_address:
        return "NEWSLETTER_POSTAL_ADDRESS is not set. The law asks for it in bulk mail in many places."
    return None


def _mail_server(settings: Settings) -> str | None:
    if settings.smtp_url:
        try:
            smtp.Server.read(settings.smtp_url.get_secret_value())
        except SettingsError as error:
            return str(error)
    return None


def _outbox(settings: Settings) -> str | None:
    if settings.mailer != "outbox" or _can_be_written(settings.outbox_dir):
        return None
    folder = settings.outbox_dir.absolute()
    return f"The outbox {folder} cannot be written. Set NEWSLETTER_OUTBOX_DIR to a folder of yours."


def _can_be_written(folder: Path) -> bool:
    """Whether the folder is ours to write, or to make."""
    folder = folder.absolute()
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)


def _templates(settings: Settings) -> str | None:
    if settings.templates_dir and not Path(settings.templates_dir).is_dir():
        return f"NEWSLETTER_TEMPLATES_DIR names {settings.templates_dir}, not a folder. Create or unset it."
    return template_check.fault(SiteFacts.of(settings))


def _sources(settings: Settings) -> str | None:
    names = [source.name for source in settings.sources or ()]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        return f"Sources share a name: {', '.join(doubles)}. Rename one of each in newsletter.toml."
    wrong = [s.name for s in settings.sources or () if not s.url.startswith(("http://", "https://"))]
    return f"Sources without an http address: {', '.join(wrong)}. Correct their url." if wrong else None
