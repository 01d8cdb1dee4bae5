"""Addresses: what is asked, what is refused, and for which reason."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from newsletter.sources.faults import AddressRefusedError
from newsletter.sources.fetching.addresses import parse, reason_to_refuse

NAMES = {
    "localhost": "127.0.0.1",
    "localtest.me": "127.0.0.1",
    "ip6-localhost": "::1",
    "metadata.google.internal": "169.254.169.254",
    "example.com": "93.184.215.14",
    "example.org": "93.184.215.14",
}
"""What the resolver of these tests answers."""


def verdict(url: str) -> str:
    """Return why an address is not asked: by its spelling, or by where it leads."""
    try:
        found = parse(url)
    except AddressRefusedError as error:
        return str(error)
    answer = "127.0.0.1" if found.host.endswith("nip.io") else NAMES.get(found.host, "")
    machine = found.literal or ip_address(answer)
    return reason_to_refuse(machine) or "asked"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:80", "a loopback address"),
        ("http://127.1", "a loopback address"),
        ("http://2130706433/", "a loopback address"),
        ("http://0177.0.0.1/", "a loopback address"),
        ("http://0x7f.0.0.1/", "a loopback address"),
        ("http://127.0.0.1.", "a loopback address"),
        ("http://①②⑦.⓪.⓪.①/", "a loopback address"),
        ("http://127。0。0。1/", "a loopback address"),
        ("http://LOCALHOST/", "a loopback address"),
        ("http://localhost./", "a loopback address"),
        ("http://user:pw@127.0.0.1/", "a loopback address"),
        ("http://example.org@127.0.0.1/", "a loopback address"),
        ("http://127.0.0.1#@example.org/", "a loopback address"),
        ("http://[::1]/", "a loopback address"),
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1 inside"),
        ("http://[64:ff9b::7f00:1]/", "127.0.0.1 inside"),
        ("http://[::7f00:1]/", "127.0.0.1 inside"),
        ("http://[2002:7f00:1::]/", "127.0.0.1 inside"),
        ("http://[::ffff:0:7f00:1]/", "127.0.0.1 inside"),
        ("http://[64:ff9b:1::1]/", "local NAT64"),
        ("http://[fec0::1]/", "site-local"),
        ("http://[2001::1]/", "Teredo"),
        ("http://[fd00::1]/", "a private address"),
        ("http://[fe80::1%25lo]/", "a link-local address"),
        ("http://[ff02::1]/", "a multicast address"),
        ("http://10.0.0.1/", "a private address"),
        ("http://3232235521/", "a private address"),
        ("http://172.16.0.1/", "a private address"),
        ("http://100.64.0.1/", "carrier"),
        ("http://198.18.0.1/", "a private address"),
        ("http://169.254.1.1/", "a link-local address"),
        ("http://169.254.169.254/", "metadata"),
        ("http://metadata.google.internal/", "metadata"),
        ("http://0/", "this network"),
        ("http://[::]:22/", "unspecified"),
        ("http://224.0.0.1/", "a multicast address"),
        ("http://255.255.255.255/", "a reserved address"),
        ("http://o177.0.0.1/", "not an IPv4 address"),
        ("http://1.2.3.4.5/", "not an IPv4 address"),
        ("http://256.1.1.1/", "not an IPv4 address"),
        ("http://127.0.0.1:80\\@example.org/", "a backslash"),
        ("http://exa mple.org/", "a space"),
        ("http://example.org\t/", "a space"),
        ("http://user:pw@example.org/", "before the host"),
        ("http://example.org%09@127.0.0.1/", "a loopback address"),
        ("http://example.org:99999/", "ort"),
        ("http://example.org:0/", "port 0"),
        ("http:///127.0.0.1", "no host"),
        ("http:127.0.0.1", "no host"),
        ("//127.0.0.1/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("gopher://127.0.0.1:25/", "only http and https"),
        ("jar:http://127.0.0.1!/", "only http and https"),
        ("data:text/xml,<rss/>", "only http and https"),
        ("http://-bad-.example/", "not a name"),
        ("http://" + "a" * 3000, "longer than"),
        ("http://ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ", "asked"),
        ("https://example.org/feed?a=b|c", "asked"),
        ("http://93.184.215.14/", "asked"),
        ("http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", "asked"),
        ("http://[64:ff9b::5db8:d70e]/", "asked"),
    ],
)
def test_an_address_is_refused_for_the_right_reason(url: str, reason: str) -> None:
    """Each spelling of a machine counts as that machine, and what is ambiguous is not guessed."""
    assert reason in verdict(url)


def test_of_the_known_tricks_only_public_addresses_pass(shared: Path) -> None:
    """Every line of the collected tricks is refused, but for the two that lead to public machines."""
    lines = [
        line
        for name in ("loopback_urls.txt", "handmade_additional.txt")
        for line in (shared / "data/addresses" / name).read_text("utf-8").splitlines()
        if line
    ]
    passed = [line for line in lines if verdict(line) == "asked"]
    assert len(lines) > 85
    assert passed == ["http://ⓔⓧⓐⓜⓟⓛⓔ.ⓒⓞⓜ"]


def test_the_operator_may_open_private_machines_but_no_others() -> None:
    """Loopback and private ones then pass; metadata, multicast and embedded forms still do not."""
    reasons = {
        text: reason_to_refuse(ip_address(text), allow_private=True)
        for text in (
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "169.254.169.254",
            "224.0.0.1",
            "64:ff9b::7f00:1",
            "0.0.0.0",
        )
    }
    assert [text for text, reason in reasons.items() if reason is None] == ["127.0.0.1", "::1", "10.0.0.1"]


@pytest.mark.parametrize("is_allowed", [False, True], ids=["by default", "with private sources allowed"])
@pytest.mark.parametrize(
    "machine",
    [
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42"),
        *("100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *(
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "fe80::a9fe:a9fe",
            "fe80::a9fe:a9fe%eth0",
        ),
        *("::ffff:169.254.170.2", "64:ff9b::a9fe:aa17", "2002:a83f:8110::", "::100.100.100.200"),
    ],
)
def test_no_cloud_s_metadata_is_ever_asked(machine: str, is_allowed: bool) -> None:
    """Each hands out credentials to whoever asks from within, in any form of its address."""
    assert "metadata" in (reason_to_refuse(ip_address(machine), allow_private=is_allowed) or "")


@pytest.mark.parametrize("machine", ["169.254.1.1", "192.0.0.1", "192.0.0.170", "192.88.99.1", "3fff::1"])
def test_addresses_of_no_machine_of_the_operator_s_are_never_asked(machine: str) -> None:
    """What the registries keep for special purposes passes in no setting and on no version of Python."""
    assert reason_to_refuse(ip_address(machine)) is not None
    assert reason_to_refuse(ip_address(machine), allow_private=True) is not None


def test_a_password_in_a_refused_address_is_not_printed() -> None:
    """Errors reach logs, and secrets never do."""
    with pytest.raises(AddressRefusedError) as caught:
        parse("https://user:hunter2@example.org/feed")
    assert "hunter2" not in str(caught.value)


def test_an_address_is_normalised_without_its_fragment() -> None:
    """Case, default port and fragment do not make another address."""
    assert parse("HTTPS://Example.ORG:443/a?b#c").url == "https://example.org/a?b"
