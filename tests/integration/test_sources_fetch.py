"""Fetching over real HTTP: conditions, caps, redirects, and where connections go."""

import asyncio
import gzip
import socket
import ssl
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from builders import NOON
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from website import Website

from newsletter.settings import Settings
from newsletter.sources.faults import AddressRefusedError, FaultKind, UnreachableError, UnreadableError
from newsletter.sources.fetching.fetch import Client, Limits, user_agent
from newsletter.sources.fetching.resolving import Resolver
from newsletter.sources.fetching.responses import Answer, Validators

FEED = b"<rss version='2.0'><channel><title>x</title></channel></rss>"


@pytest.fixture
def private(make_settings: Callable[..., Settings]) -> Settings:
    """Return settings that let loopback be asked."""
    return make_settings(allow_private_sources=True, contact="ops@example.org")


def get(
    settings: Settings,
    *urls: str,
    validators: Validators | None = None,
    limits: Limits | None = None,
    resolver: Resolver | None = None,
) -> Answer:
    """Ask one address after the other with one client, and return the last answer."""

    async def ask() -> Answer:
        async with Client(settings, limits=limits, resolver=resolver) as client:
            for url in urls[:-1]:
                with pytest.raises((UnreachableError, UnreadableError)):
                    await client.get(url, Validators(), NOON)
            return await client.get(urls[-1], validators or Validators(), NOON)

    return asyncio.run(ask())


def answers(*found: str) -> Resolver:
    """Return a resolver that gives one answer after the other, and then the last for ever."""
    left = list(found)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return (left.pop(0) if len(left) > 1 else left[0]).split()

    return resolve


def test_an_answer_carries_what_to_ask_again_with(site: Website, private: Settings) -> None:
    """The second request is conditional, and 304 brings no body."""
    url = site.put("/feed", FEED, headers={"Last-Modified": "Wed, 10 Jun 2026 08:00:00 GMT"})
    first = get(private, url)
    assert first.body == FEED
    assert first.validators.last_modified == "Wed, 10 Jun 2026 08:00:00 GMT"
    second = get(private, url, validators=first.validators)
    assert (second.is_unchanged, second.body) == (True, b"")
    assert site.requests[1].headers["If-Modified-Since"] == first.validators.last_modified


def test_the_operator_introduces_himself(site: Website, private: Settings) -> None:
    """A host that is unhappy with us knows whom to write to; odd characters break no header."""
    get(private, site.put("/feed", FEED))
    agent = site.requests[0].headers["User-Agent"]
    assert agent.startswith("trending-papers/")
    assert "ops@example.org" in agent
    assert "\n" not in user_agent(private.model_copy(update={"contact": "ops\r\nX-Evil: 1"}))


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_compressed_answers_are_unfolded(
    site: Website, private: Settings, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    """Gzip and deflate are asked for, and undone while streaming."""
    url = site.put("/feed", pack(FEED), headers={"Content-Encoding": coding})
    assert get(private, url).body == FEED


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ({"body": b"x" * 100_000, "repeat": 30}, FaultKind.TOO_LARGE),
        ({"body": b"x" * 100_000, "repeat": 30, "length": -1}, FaultKind.TOO_LARGE),
        (
            {"body": gzip.compress(bytes(3_000_000)), "headers": {"Content-Encoding": "gzip"}},
            FaultKind.TOO_LARGE,
        ),
        ({"body": b"x", "headers": {"Content-Encoding": "br"}}, FaultKind.ENCODING),
        ({"body": b"not gzip", "headers": {"Content-Encoding": "gzip"}}, FaultKind.ENCODING),
        ({"body": FEED, "length": 5_000}, FaultKind.CONNECTION),
        ({"status": 404}, FaultKind.STATUS),
        ({"status": 500}, FaultKind.STATUS),
        ({"status": 304}, FaultKind.STATUS),
        ({"status": 429}, FaultKind.BUSY),
        ({"status": 503}, FaultKind.BUSY),
        ({"status": 302}, FaultKind.REDIRECT),
        ({"status": 302, "headers": {"Location": "/loop"}}, FaultKind.REDIRECT),
    ],
    ids=lambda value: str(value) if isinstance(value, FaultKind) else "-".join(value),
)
def test_each_bad_answer_has_a_name(
    site: Website, private: Settings, page: dict[str, object], kind: FaultKind
) -> None:
    """Too large, cut off, refused, going in circles: each ends in its own kind of error."""
    site.put("/loop", status=302, headers={"Location": "/loop"})
    url = site.put("/feed", **page)
    with pytest.raises((UnreachableError, UnreadableError)) as caught:
        get(private, url, limits=Limits(body_bytes=1_000_000))
    assert caught.value.kind is kind


def test_a_silent_host_is_given_up(site: Website, private: Settings) -> None:
    """Nothing for as long as silence may last is a timeout."""
    url = site.put("/feed", FEED, hold=Event())
    with pytest.raises(UnreachableError) as caught:
        get(private, url, limits=Limits(silence_seconds=0.05))
    assert caught.value.kind is FaultKind.TIMEOUT


def test_a_host_that_asks_for_a_pause_gets_it(site: Website, private: Settings) -> None:
    """`Retry-After` is read, and the same client does not ask that host again."""
    url = site.put("/feed", status=429, headers={"Retry-After": "120"})
    other = site.put("/other", FEED)
    with pytest.raises(UnreachableError) as caught:
        get(private, url, other)
    assert caught.value.retry_after == timedelta(minutes=2)
    assert site.statuses == [429]


def test_a_redirect_is_followed_and_its_end_is_the_base(site: Website, private: Settings) -> None:
    """Relative targets count, and relative links are resolved against where the answer came from."""
    site.put("/new/feed", FEED)
    site.put("/middle", status=307, headers={"Location": "new/feed"})
    url = site.put("/old", status=301, headers={"Location": "/middle"})
    assert get(private, url).url == f"{site.url}/new/feed"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://2852039166/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://127.0.0.1\\@example.org/",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(site: Website, private: Settings, target: str) -> None:
    """What would be refused as a source is refused behind a redirect, even where loopback is allowed."""
    url = site.put("/feed", status=302, headers={"Location": target})
    with pytest.raises(AddressRefusedError):
        get(private, url)


def test_a_public_page_cannot_redirect_to_loopback(site: Website, settings: Settings) -> None:
    """Unless the operator allows it, a name that leads to this machine is refused, and nothing is asked."""
    site.put("/feed", FEED)
    with pytest.raises(AddressRefusedError, match="loopback"):
        get(settings, f"http://feeds.example:{site.port}/feed", resolver=answers("127.0.0.1"))
    assert site.requests == []


def test_no_known_trick_reaches_this_machine(shared: Path, settings: Settings) -> None:
    """Each collected spelling of such a machine is refused by the client itself, names by where they lead."""
    leads_to = {"metadata.google.internal": "169.254.169.254", "ip6-localhost": "::1"}

    async def resolve(host: str, port: int) -> Sequence[str]:
        return [leads_to.get(host, "127.0.0.1")]

    folder = shared / "data/addresses"
    names = ("loopback_urls.txt", "handmade_additional.txt")
    lines = [line for name in names for line in (folder / name).read_text("utf-8").splitlines() if line]
    for line in lines:
        with pytest.raises(AddressRefusedError):
            get(settings, line, resolver=resolve)


@pytest.mark.parametrize(
    "found", ["93.184.215.14 127.0.0.1", "93.184.215.14 ::1", "10.0.0.1", "fe80::1%eth0"]
)
def test_every_address_of_a_name_is_checked(settings: Settings, found: str) -> None:
    """One private address among public ones is enough to refuse the name."""
    with pytest.raises(AddressRefusedError):
        get(settings, "http://feeds.example/feed", resolver=answers(found))


def test_a_name_that_changes_its_answer_gains_nothing(
    site: Website, make_settings: Callable[..., Settings]
) -> None:
    """The connection goes to the address that was checked: there is no second look-up to change.

    The name answers with an allowed address first and with another machine
    ever after; the request arrives at the first, and was looked up once.
    """
    site.put("/feed", FEED)
    asked: list[str] = []
    inner = answers("127.0.0.1", "169.254.169.254")

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return await inner(host, port)

    private = make_settings(allow_private_sources=True)
    answer = get(private, f"http://rebinding.example:{site.port}/feed", resolver=resolve)
    assert answer.body == FEED
    assert asked == ["rebinding.example"]
    with pytest.raises(AddressRefusedError, match="metadata"):
        get(private, f"http://rebinding.example:{site.port}/feed", resolver=resolve)


def test_a_name_without_address_is_named(settings: Settings) -> None:
    """A typing mistake in a source's host reads as one."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(UnreachableError) as caught:
        get(settings, "http://nowhere.example/", resolver=resolve)
    assert caught.value.kind is FaultKind.NAME


def test_nobody_listening_is_named(private: Settings) -> None:
    """A refused connection is not a timeout."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        get(private, f"http://127.0.0.1:{port}/")
    assert caught.value.kind is FaultKind.CONNECTION


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a certificate for feeds.example that nobody trusts, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "feeds.example")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("feeds.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(key.private_bytes(*pem) + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_certificate_is_verified_although_the_address_was_chosen(
    site: Website, private: Settings, certificate: Path
) -> None:
    """Connecting to a checked address does not mean believing whoever answers there."""
    site.put("/feed", FEED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    with pytest.raises(UnreachableError) as caught:
        get(private, f"https://feeds.example:{site.port}/feed", resolver=answers("127.0.0.1"))
    assert caught.value.kind is FaultKind.CERTIFICATE
    assert site.requests == []


def test_the_proxy_of_the_environment_is_not_used(
    site: Website, private: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would look names up behind our back."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert get(private, site.put("/feed", FEED)).body == FEED
