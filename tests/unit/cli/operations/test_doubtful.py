"""Settings that are accepted and rarely meant."""

from pathlib import Path

import pytest

from newsletter.cli.operations.doubtful import find_doubtful
from newsletter.settings import load

PUBLIC = {"NEWSLETTER_BASE_URL": "https://papers.example.org"}
SENDGRID = {"NEWSLETTER_MAILER": "sendgrid"}
SENDS = PUBLIC | {"NEWSLETTER_MAILER": "smtp", "SMTP_URL": "smtps://mail.example.org"}


@pytest.mark.parametrize(
    ("environ", "warning"),
    [
        (PUBLIC, "nothing is mailed"),
        ({"NEWSLETTER_BASE_URL": "http://papers.example.org", "NEWSLETTER_MAILER": "smtp"}, "https://"),
        (SENDGRID | {"SENDGRID_API_KEY": "abc"}, "SENDGRID_API_KEY"),
        (SENDGRID | {"SENDGRID_API_KEY": "SG.a b"}, "blanks"),
        ({"NEWSLETTER_SENDGRID_WEBHOOK_KEY": "nonsense"}, "NEWSLETTER_SENDGRID_WEBHOOK_KEY"),
        ({"SMTP_URL": "smtps://mail.example.org:587"}, "smtp://…:587"),
        ({"SMTP_URL": "smtp://mail.example.org:465"}, "smtps://…:465"),
        (SENDS | {"NEWSLETTER_HOST": "0.0.0.0"}, "NEWSLETTER_TRUSTED_PROXIES"),
    ],
)
def test_what_is_rarely_meant_is_warned_about(environ: dict[str, str], warning: str, tmp_path: Path) -> None:
    """In one sentence, with what to write instead."""
    (found,) = find_doubtful(load(environ, directory=tmp_path))
    assert warning in found


@pytest.mark.parametrize(
    "environ",
    [
        {},
        SENDS,
        SENDS | {"NEWSLETTER_HOST": "0.0.0.0", "NEWSLETTER_TRUSTED_PROXIES": "private"},
        SENDGRID | {"SENDGRID_API_KEY": "SG.abc_d.e-f"},
        {"SMTP_URL": "nonsense"},
    ],
)
def test_what_is_usual_is_not(environ: dict[str, str], tmp_path: Path) -> None:
    """Nor what is a fault, and told as one."""
    assert find_doubtful(load(environ, directory=tmp_path)) == []
