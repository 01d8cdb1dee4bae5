"""A real mail server, for whoever asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import localhost_certificate
from postfix import GREYLISTS, SLOW, Postfix, needs_postfix

TLS = "smtpd_tls_security_level=may"
DOORS = {
    "plain": (),
    "in turn": ("smtpd_discard_ehlo_keywords=pipelining,chunking,8bitmime,smtputf8,size",),
    "greylisting": (GREYLISTS,),
    "slow": (SLOW,),
    "rate limit": ("smtpd_client_message_rate_limit=5",),
    "small": ("message_size_limit=20000",),
    "starttls": (TLS,),
    "smtps": ("smtpd_tls_wrappermode=yes", "smtpd_tls_security_level=encrypt"),
    "must encrypt": ("smtpd_tls_security_level=encrypt",),
    "no relay": ("smtpd_relay_restrictions=reject", "smtpd_recipient_restrictions=reject_unauth_destination"),
    "bad sender": ("smtpd_sender_restrictions=reject", "smtpd_delay_reject=no"),
    "busy": ("smtpd_sender_restrictions=defer", "smtpd_delay_reject=no"),
    "impatient": ("smtpd_hard_error_limit=3", "smtpd_soft_error_limit=2", "smtpd_error_sleep_time=0"),
}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    return localhost_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def running_postfix(certificate: tuple[Path, Path]) -> Iterator[Postfix]:
    """One Postfix for the whole run, a door for each way in which servers differ."""
    needs_postfix()
    with Postfix(DOORS, certificate) as server:
        yield server


@pytest.fixture
def postfix(running_postfix: Postfix) -> Postfix:
    """Return it with nothing in its mailboxes."""
    running_postfix.empty()
    return running_postfix
