"""Settings: layers, refusals, secrets."""

from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import load


def test_the_environment_wins_over_dotenv_and_toml(tmp_path: Path) -> None:
    """Environment, then `.env`, then `newsletter.toml`, then the default."""
    (tmp_path / "newsletter.toml").write_text('name = "toml"\ntimezone = "Asia/Tokyo"\ncontact = "toml"\n')
    (tmp_path / ".env").write_text("NEWSLETTER_NAME=dotenv\nNEWSLETTER_TIMEZONE=Europe/Berlin\n")
    settings = load({"NEWSLETTER_NAME": "environment"}, directory=tmp_path)
    assert (settings.name, settings.timezone, settings.contact) == ("environment", "Europe/Berlin", "toml")


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"NEWSLETTER_BASEURL": "x"}, "Did you mean NEWSLETTER_BASE_URL?"),
        ({"NEWSLETTER_XYZZY": "x"}, "newsletter config show"),
        ({"PORT": "http"}, "PORT: "),
        ({"NEWSLETTER_TIMEZONE": "Mars/Olympus"}, "IANA name"),
        ({"NEWSLETTER_BASE_URL": "papers.example"}, "https://papers.example.org"),
        ({"NEWSLETTER_CONFIG": "/nowhere.toml"}, "/nowhere.toml"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_faulty_setting_is_named_with_its_remedy(
    environ: dict[str, str], hint: str, tmp_path: Path
) -> None:
    """Nothing is ignored silently."""
    with pytest.raises(SettingsError) as caught:
        load(environ, directory=tmp_path)
    assert hint in str(caught.value)


def test_production_has_no_default_secret(tmp_path: Path) -> None:
    """A site that others can reach needs a secret of its own, and the error prints how to make one."""
    with pytest.raises(SettingsError, match="token_urlsafe"):
        _ = load({"NEWSLETTER_BASE_URL": "https://papers.example.org"}, directory=tmp_path).keys


def test_development_keeps_the_secret_it_made(tmp_path: Path) -> None:
    """The same secret at the second start, readable by its owner alone."""
    folder = tmp_path / "data"
    first = load({}, directory=tmp_path, data_dir=folder).keys
    assert first == load({}, directory=tmp_path, data_dir=folder).keys
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_secret_in_the_shared_file_is_refused(tmp_path: Path) -> None:
    """newsletter.toml is for sources and texts; the error names the variable to set."""
    (tmp_path / "newsletter.toml").write_text('sendgrid_api_key = "SG.x"\n')
    with pytest.raises(SettingsError, match="SENDGRID_API_KEY"):
        load({}, directory=tmp_path)


@pytest.mark.parametrize("name", ["REDIS_URL", "NEWSLETTER_REDIS_URL", "redis_url"])
def test_an_override_wins_over_every_spelling_of_the_environment(name: str, tmp_path: Path) -> None:
    """Commands and tests can rely on what they pass."""
    given = load({name: "redis://environment"}, directory=tmp_path, redis_url="redis://override").redis_url
    assert given is not None
    assert given.get_secret_value() == "redis://override"


def test_sources_are_read_from_toml(tmp_path: Path) -> None:
    """A list of tables, each checked; a fault names the file's own words."""
    (tmp_path / "newsletter.toml").write_text(
        '[[sources]]\nname = "lab"\nurl = "https://lab.example/feed"\nevery = "PT1H"\n'
    )
    sources = load({}, directory=tmp_path).sources
    assert sources is not None
    assert sources[0].name == "lab"
    (tmp_path / "newsletter.toml").write_text('[[sources]]\nname = "lab"\n')
    with pytest.raises(SettingsError, match=r"sources in newsletter.toml \(0.url\)"):
        load({}, directory=tmp_path)


def test_several_secrets_are_kept_in_order(tmp_path: Path) -> None:
    """The first signs, all verify."""
    assert load({"NEWSLETTER_SECRET_KEY": "new, old"}, directory=tmp_path).keys == ("new", "old")
