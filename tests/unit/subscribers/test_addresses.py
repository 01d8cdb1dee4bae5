"""What is an address, when two are one person, and what was probably meant."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InvalidInputError
from newsletter.subscribers import addresses


@pytest.mark.parametrize(
    ("typed", "sent_to", "key"),
    [
        pytest.param(" Ada@Example.ORG\n", "Ada@example.org", "ada@example.org", id="case-and-blanks"),
        pytest.param("ada+papers@gmail.com", "ada+papers@gmail.com", "ada+papers@gmail.com", id="tag"),
        pytest.param("a.d.a@gmail.com", "a.d.a@gmail.com", "a.d.a@gmail.com", id="dots"),
        pytest.param("ada@EXÄMPLE.org", "ada@exämple.org", "ada@xn--exmple-cua.org", id="idn"),
        pytest.param("ada@xn--exmple-cua.org", "ada@exämple.org", "ada@xn--exmple-cua.org", id="punycode"),
        pytest.param("STRASSE@example.org", "STRASSE@example.org", "strasse@example.org", id="upper"),
        pytest.param("Straße@example.org", "Straße@example.org", "straße@example.org", id="sharp-s"),
        pytest.param("ſmith@example.org", "ſmith@example.org", "ſmith@example.org", id="long-s"),
        pytest.param("李@example.org", "李@example.org", "李@example.org", id="cjk"),
    ],
)
def test_an_address_is_sent_to_as_typed_and_compared_by_its_key(typed: str, sent_to: str, key: str) -> None:
    """The local part keeps its case and its tag; only the key is folded."""
    found = addresses.parse(typed)
    assert (found.typed, found.key) == (sent_to, key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "ada@localhost",
        "ada@example.org, alan@example.org",
        "Ada <ada@example.org>",
        "ada@exam ple.org",
        "ada\n@example.org",
        "ada@example.org\r\nBcc: all@example.org",
        "ada\x00@example.org",
        '"ada"@example.org',
        "ada@[192.0.2.1]",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 130 + "org",
        "ada@" + "x" * 1_000_000,
        "ada\ud800@example.org",
        "ada@example..org",
        "ada@-example.org",
    ],
    ids=range(20),
)
def test_what_is_no_address_is_refused_with_advice(text: str) -> None:
    """The message fits below a form field and ends with what to do."""
    with pytest.raises(InvalidInputError, match=r"(Please|check)") as caught:
        addresses.parse(text)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=60))
def test_no_text_makes_parsing_fail_otherwise(text: str) -> None:
    """Whatever is typed either is an address or is refused; an address parses to itself again."""
    try:
        found = addresses.parse(text)
    except InvalidInputError:
        return
    assert addresses.parse(found.typed) == found


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmsil.com", "gmail.com"),
        ("hotmal.com", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("yahooo.com", "yahoo.com"),
        ("icloud.con", "icloud.com"),
        ("gmail.com", None),
        ("example.org", None),
        ("web.de", None),
        ("mail.com", None),
        ("ymail.com", None),
        ("email.com", None),
    ],
)
def test_a_slip_in_a_well_known_domain_is_asked_about(domain: str, meant: str | None) -> None:
    """One letter too many, missing, wrong or swapped; real domains are left alone."""
    expected = f"ada+x@{meant}" if meant else None
    assert addresses.suggestion(addresses.parse(f"ada+x@{domain}")) == expected


def test_a_digest_fits_where_redis_packs_integers() -> None:
    """The bucket has 14 bits and the rest is a signed 64-bit integer; equal keys share both."""
    digests = [addresses.digest(f"reader{n}@example.org") for n in range(2000)]
    assert len(set(digests)) == 2000
    assert all(0 <= bucket < 2**14 and -(2**63) <= rest < 2**63 for bucket, rest in digests)
    assert addresses.digest("reader7@example.org") == digests[7]


def test_a_masked_address_hides_the_person() -> None:
    """Of the local part one letter is left, whatever its length."""
    assert addresses.masked("ada@example.org") == "a…@example.org"
    assert addresses.masked("a@example.org") == "a…@example.org"


def drawn(text: str) -> str:
    """Return a case with its control characters, which its authors drew as pictures."""
    return "".join(chr(ord(letter) - 0x2400) if "\u2400" <= letter < "\u2420" else letter for letter in text)


def is_taken(text: str) -> bool:
    """Whether this is an address to us."""
    try:
        addresses.parse(text)
    except InvalidInputError:
        return False
    return True


def test_cases_that_others_collected_are_told_apart(shared: Path) -> None:
    """Valid cases are taken as written and erroneous ones refused, but for blanks around them."""
    cases = json.loads((shared / "data" / "addresses" / "syntax_cases.json").read_text("utf-8"))
    valid = {
        case["email"]: case["expected_normalized"]["normalized"]
        for case in cases
        if case["test"] in {"test_email_valid", "test_email_valid_intl_local_part"}
        and '"' not in case["email"]
        if "<" not in case["email"]
    }
    tree = ET.parse(shared / "data" / "addresses" / "isemail_tests.xml")
    wrong = [case["email"] for case in cases if case["test"].startswith("test_email_invalid")]
    wrong += [
        drawn(one.findtext("address") or "")
        for one in tree.iter("test")
        if one.findtext("category") in {"ISEMAIL_ERR", "ISEMAIL_RFC5322", "ISEMAIL_RFC5321"}
    ]
    wrong = [one for one in wrong if one == one.strip()]
    assert (len(valid), len(wrong)) == (19, 182)
    assert {one: addresses.parse(one).typed for one in valid} == valid
    assert [one for one in wrong if is_taken(one)] == []
