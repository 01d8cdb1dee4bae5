"""`newsletter check` writes a mail as the mailer does, so what would fail each mail fails there."""

from collections.abc import Callable

import pytest

from newsletter.cli.operations import check, rehearsal
from newsletter.errors import SettingsError
from newsletter.settings import Settings

Make = Callable[..., Settings]


@pytest.mark.parametrize("mailer", ["outbox", "smtp", "sendgrid"])
def test_each_mailer_can_write_a_mail_with_sound_settings(make_settings: Make, mailer: str) -> None:
    """Bounce address and a site in another script included."""
    settings = make_settings(
        mailer=mailer, bounce_address="bounces@example.org", base_url="https://bücher.example/papers"
    )
    assert settings.base_url == "https://xn--bcher-kva.example/papers"
    assert rehearsal.fault(settings) is None


def test_what_only_writing_shows_is_a_fault(make_settings: Make) -> None:
    """Here an address that no link can hold, past what settings refuse."""
    settings = make_settings(secret_key="k" * 20).model_copy(update={"base_url": "https://p.example/päpers"})
    assert "a link in ASCII is needed" in (rehearsal.fault(settings) or "")
    assert [one for one in check.find_faults(settings) if "a link in ASCII is needed" in one]


@pytest.mark.parametrize("url", ["https://p.example/päpers", "https://a b.example", "https://p.example/a b"])
def test_an_address_that_no_link_can_hold_is_refused(make_settings: Make, url: str) -> None:
    """In one line, when settings are read."""
    with pytest.raises(SettingsError, match="NEWSLETTER_BASE_URL: must hold neither blanks nor letters"):
        make_settings(base_url=url)
