"""What the operator chose: environment > `.env` > `newsletter.toml` > defaults.

Names that platforms set stand without prefix (`PORT`, `REDIS_URL`,
`SENDGRID_API_KEY`, `SMTP_URL`); ours begin with `NEWSLETTER_`. Secrets come
from the environment or `.env` alone; `newsletter.toml` holds the rest in
lower case, sources included. An unknown name is refused with the nearest
known one, because a setting that is silently ignored is a fault that shows
weeks later.
"""

import difflib
import os
import secrets
import tomllib
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as PydanticSettingsError,
)

from newsletter.errors import SettingsError
from newsletter.folders import make_private
from newsletter.models import Source
from newsletter.setting_values import in_ascii, mailbox, proxies, time_of_day, unquoted

PREFIX = "NEWSLETTER_"
CONFIG = f"{PREFIX}CONFIG"
"""Names another file than `newsletter.toml`."""
SECRETS = frozenset({"secret_key", "redis_url", "sendgrid_api_key", "smtp_url", "metrics_token", "dkim_key"})
"""What `newsletter.toml` may not hold and no command prints."""


def _unprefixed(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower(), f"{PREFIX}{name}")


def _comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every setting, typed, with its default and what it is for."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",  # unknown names are refused by `load`, with a suggestion
        frozen=True,
        populate_by_name=True,
    )

    # where things are
    environment: Literal["development", "production"] | None = Field(
        default=None,
        description="`development` or `production`; unset, a `BASE_URL` beyond loopback means production.",
    )
    data_dir: Path = Field(
        default=Path(".newsletter"),
        description="Where the embedded server, the search index and the development secret live.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        validation_alias=_unprefixed("REDIS_URL"),
        description="Redis or Valkey 6.2 or newer; unset, an embedded server is started in `DATA_DIR`.",
    )
    accept_store_risks: bool = Field(
        default=False,
        description="Start although the server's persistence or eviction policy cannot be verified.",
    )
    templates_dir: Path | None = Field(
        default=None, description="A folder whose templates override ours of the same name."
    )

    # the site
    base_url: str = Field(
        default="http://localhost:8000",
        description="The site's public address; every link is built from it, never from a Host header.",
    )
    host: str = Field(default="127.0.0.1", description="The address that the site listens on.")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)] = Field(
        default=(),
        description="A comma list of proxies whose `X-Forwarded-For` is believed: addresses, networks, or "
        "`private` for every private network, as behind a platform's router; unset, those on this machine.",
    )
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        validation_alias=_unprefixed("PORT"),
        description="The port of the site.",
    )
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        default="Trending Papers", description="What the newsletter is called."
    )
    secret_key: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_comma_list)] = Field(
        default=(),
        description="Signs links. A comma list: the first signs, all verify. No default in production.",
    )
    metrics_token: SecretStr | None = Field(default=None, description="Opens `/metrics` and `/status.json`.")

    # the edition
    timezone: str = Field(default="UTC", description="The zone of the edition's date and of the cut-off.")
    cut_off: Annotated[time, BeforeValidator(time_of_day)] = Field(
        default=time(6, 0), description="When the day's edition is composed, in `TIMEZONE`."
    )
    send_at: int = Field(default=7, ge=0, le=23, description="The hour that new subscribers are offered.")
    papers: int = Field(
        default=25, ge=1, le=100, description="Papers in an edition before readers' own limits."
    )
    topics: int = Field(default=8, ge=1, le=20, description="Topics in an edition.")

    # the mail
    mailer: Literal["outbox", "smtp", "sendgrid"] = Field(
        default="outbox", description="The mailer to use. `outbox` writes files: nothing leaves the machine."
    )
    outbox_dir: Path = Field(default=Path("outbox"), description="Where `outbox` writes.")
    from_: Annotated[str, AfterValidator(mailbox)] = Field(
        default="Trending Papers <papers@localhost>",
        validation_alias=AliasChoices("from", "FROM_", f"{PREFIX}FROM"),
        description="The sender, as `Name <address>`.",
    )
    reply_to: Annotated[str, AfterValidator(mailbox)] | None = Field(
        default=None, description="Where answers go, if not to the sender."
    )
    bounce_address: str | None = Field(
        default=None,
        description="Where bounces and unsubscriptions by mail come, such as `bounces@example.org`, with "
        "`+…` behind its name; have it read by `newsletter mailbox read`.",
    )
    dkim_key: SecretStr | None = Field(
        default=None,
        description="Signs mails that leave by SMTP: a private key in PEM, or the file that holds it. "
        "`newsletter check` prints the DNS record.",
    )
    dkim_selector: str = Field(
        default="papers", description="The name of the DKIM key in the DNS: `papers._domainkey.…`."
    )
    dkim_domain: str | None = Field(default=None, description="The domain that signs, if not that of `FROM`.")
    operator: str | None = Field(
        default=None,
        description="Your address: told when a run halts, mails are in doubt or an edition is late.",
    )
    alert_url: SecretStr | None = Field(
        default=None,
        description="Alerts are posted here as well, as JSON with `text`: the webhook of a chat or a pager.",
    )
    postal_address: str = Field(
        default="", description="Your postal address, required by law in many places."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        validation_alias=_unprefixed("SMTP_URL"),
        description="`smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…:465`.",
    )
    sendgrid_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=_unprefixed("SENDGRID_API_KEY"),
        description="A key that may send mail.",
    )
    sendgrid_host: str = Field(
        default="https://api.sendgrid.com", description="`https://api.eu.sendgrid.com` for EU accounts."
    )
    sendgrid_timeout: float = Field(
        default=10,
        ge=0.1,
        le=60,
        description="Seconds that SendGrid may take to answer. A batch is leased for six times as long.",
    )
    sendgrid_webhook_key: str | None = Field(
        default=None, description="The public key of SendGrid's signed event webhook."
    )
    smtp_connections: int = Field(
        default=4, ge=1, le=50, description="Connections that one worker process opens to the mail server."
    )
    smtp_mails_a_connection: int = Field(
        default=100, ge=1, description="Mails after which a connection to the mail server is replaced."
    )
    mails_per_minute: int = Field(
        default=0, ge=0, description="Mails of all workers in any minute; 0 means no limit."
    )
    mails_per_hour: int = Field(default=0, ge=0, description="The same for any hour.")
    batches_at_once: int = Field(
        default=0, ge=0, description="Batches that all workers together send at a time; 0 means no limit."
    )
    warm_up: int = Field(
        default=0,
        ge=0,
        description="For a new sender: mails of the first day (UTC); twice as many after each day on which "
        "half of them left. 0 means no limit.",
    )
    uncertain: Literal["hold", "resend", "assume"] = Field(
        default="hold",
        description="What is done with mails whose end no evidence tells: `hold` waits for you, `resend` may "
        "send them twice, `assume` takes them as sent.",
    )
    silence_minutes: float = Field(
        default=60,
        gt=0,
        le=240,
        description="Events that SendGrid made so long after a request, and none of the request, prove that "
        "it was not accepted. Must exceed the webhook's lag.",
    )

    # signing up: who may, and caps that keep the form from being used to flood somebody's inbox
    signup: Literal["open", "invited", "closed"] = Field(
        default="open",
        description="Whose sign-ups are taken: everybody's; those of people whom you invite (`newsletter "
        "subscribers add`) and of `SIGNUP_DOMAINS`; or nobody's but by your command.",
    )
    signup_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)] = Field(
        default=(),
        description="A comma list: addresses at these domains count as invited. For `SIGNUP=invited`.",
    )
    confirmations_per_address_day: int = Field(
        default=3, ge=1, description="Confirmations mailed to one address in a day."
    )
    signups_per_network_hour: int = Field(
        default=20, ge=1, description="Sign-ups from one network (/24 or /64) in an hour; beyond, 429."
    )
    signup_mails_per_hour: int = Field(
        default=1000, ge=1, description="Mails that sign-ups may cause in an hour, all addresses together."
    )

    previews_per_network_minute: int = Field(
        default=60,
        ge=1,
        description="Previews that one network may ask a process for in a minute; beyond, 429.",
    )

    # the sources
    contact: str = Field(
        default="", description="Mail or web address in the User-Agent, so that hosts can reach you."
    )
    allow_private_sources: bool = Field(
        default=False, description="Let sources be polled on loopback and private addresses."
    )
    sources: tuple[Source, ...] | None = Field(
        default=None, description="`[[sources]]` with `name` and `url`; unset, the built-in list."
    )

    @field_validator("alert_url")
    @classmethod
    def _posts_over_http(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"no time zone is called {value!r}; use an IANA name such as Europe/Berlin"
            ) from error
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_as_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return proxies(value)

    @field_validator("signup_domains")
    @classmethod
    def _domains_for_the_invited(cls, value: tuple[str, ...], known: ValidationInfo) -> tuple[str, ...]:
        if value and known.data.get("signup") != "invited":
            raise ValueError(
                f"domains are for a list by invitation; set {PREFIX}SIGNUP=invited, or leave them out"
            )
        return tuple(one.lower().removeprefix("@").encode("idna").decode("ascii") for one in value)

    @field_validator("base_url")
    @classmethod
    def _absolute_without_slash(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://papers.example.org, without query")
        return in_ascii(value.rstrip("/"))

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the edition's date."""
        return ZoneInfo(self.timezone)

    @property
    def is_production(self) -> bool:
        """Whether others can reach this site, so that a made-up secret will not do."""
        if self.environment:
            return self.environment == "production"
        return urlsplit(self.base_url).hostname not in {"localhost", "127.0.0.1", "::1"}

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets that links are signed with; the first signs, all verify.

        Without a setting, development makes one and keeps it in the data
        directory (mode 0600). Raises `SettingsError` in production.
        """
        if self.secret_key:
            return tuple(key.get_secret_value() for key in self.secret_key)
        if self.is_production:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY is not set. Links in mails are signed with it. Make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return (_kept_secret(self.data_dir / "secret_key"),)


def environment_names() -> dict[str, str]:
    """Return each setting's name in the environment, by field; documentation is made from it.

    >>> environment_names()["base_url"], environment_names()["port"]
    ('NEWSLETTER_BASE_URL', 'PORT')
    """
    return {field: _environment_name(field) for field in Settings.model_fields}


def _environment_name(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return next(str(choice) for choice in alias.choices if str(choice).isupper() and choice != "FROM_")
    return PREFIX + field.upper()


def load(
    environ: Mapping[str, str] | None = None, *, directory: Path | None = None, **overrides: Any
) -> Settings:
    """Return the settings of this process; `overrides` (by field) win over every layer.

    `environ` is the environment and `directory` where `.env` and
    `newsletter.toml` are looked for (`NEWSLETTER_CONFIG` names another TOML
    file). Raises `SettingsError` with every fault found, one a line.
    """
    environ = os.environ if environ is None else environ
    directory = _working_directory() if directory is None else directory
    toml = Path(environ.get(CONFIG, directory / "newsletter.toml"))
    dotenv = directory / ".env"
    _refuse_unknown_names(environ, "the environment")
    _refuse_unknown_names(_read_dotenv(dotenv), ".env")
    _refuse_unfit_file(toml, is_required=CONFIG in environ)
    try:
        return _layered(environ, dotenv, toml)(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_fault(dict(one)) for one in error.errors())) from error
    except PydanticSettingsError as error:
        raise SettingsError(f"{error}. See: newsletter config example") from error


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise SettingsError(f"The working directory is gone: {error.strerror}. Change to another.") from error


def _read_dotenv(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            f"{path} cannot be read: {reason}. Run this as the user that owns the file, or correct it."
        ) from error


def _layered(environ: Mapping[str, str], dotenv: Path, toml: Path) -> type[Settings]:
    """Return Settings bound to these layers, so that a test sees only what it passes."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            *_: PydanticBaseSettingsSource,
            **__: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            from_environment = EnvSettingsSource(settings_cls, env_ignore_empty=True)
            from_environment.env_vars = {
                name.lower(): unquoted(value) for name, value in environ.items() if unquoted(value)
            }
            return (
                init_settings,
                from_environment,
                DotEnvSettingsSource(settings_cls, env_file=dotenv, env_ignore_empty=True),
                TomlConfigSettingsSource(settings_cls, toml_file=toml),
            )

    return Layered


def _refuse_unknown_names(values: Mapping[str, str | None], where: str) -> None:
    known = {CONFIG: CONFIG} | {name: name for name in environment_names().values()}
    known |= {
        PREFIX + field.upper(): name
        for field, name in environment_names().items()
        if not name.startswith(PREFIX)
    }
    unknown = sorted(name for name in values if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError("\n".join(_did_you_mean(name, known, where) for name in unknown))


def _refuse_unfit_file(path: Path, *, is_required: bool) -> None:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        if is_required:
            raise SettingsError(
                f"{CONFIG} names {path}, which does not exist. Create it or unset it."
            ) from error
        return
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}. See: newsletter config example") from error
    fields = {field.rstrip("_"): field for field in Settings.model_fields}
    known = {name: name for name in fields}
    faults = [_did_you_mean(name, known, str(path)) for name in values if name not in fields]
    faults += [
        f"{name} in {path}: secrets do not belong in a shared file. Set {_environment_name(fields[name])}."
        for name in values
        if fields.get(name) in SECRETS
    ]
    if faults:
        raise SettingsError("\n".join(faults))


def _did_you_mean(name: str, known: Mapping[str, str], where: str) -> str:
    """Say that a name is unknown, and which it may be: `known` maps spellings to documented names."""
    nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    hint = f"Did you mean {known[nearest[0]]}?" if nearest else "Known settings: newsletter config show"
    return f"{name} in {where} is not a setting. {hint}"


def _fault(error: Mapping[str, Any]) -> str:
    place = [str(part) for part in error["loc"]]
    fields = environment_names()
    by_alias = {name: name for name in fields.values()}
    name = fields.get(place[0]) or by_alias.get(place[0]) or fields.get(f"{place[0]}_", place[0])
    if name == f"{PREFIX}SOURCES":
        name = "sources in newsletter.toml"
    inside = ".".join(place[1:])
    return f"{name}{f' ({inside})' if inside else ''}: {error['msg'].removeprefix('Value error, ')}."


@lru_cache(maxsize=8)
def _kept_secret(path: Path) -> str:
    """Return the secret in `path`, making it at first use; two processes starting together agree on one."""
    try:
        make_private(path.parent)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # atomic, and fails where the other process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"The development secret cannot be kept in {path}: {error.strerror}. "
            f"Make the folder writable, or set {PREFIX}SECRET_KEY or {PREFIX}DATA_DIR."
        ) from error
