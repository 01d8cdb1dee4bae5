"""A message as bytes must be what was rendered, for each recipient, whatever it holds."""

import email
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
import specimens
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InvalidInputError
from newsletter.models import Message, Recipient
from newsletter.rendering import digest
from newsletter.rendering.mime import LONGEST_LINE, Envelope, wire_address

SENT_AT = datetime(2026, 11, 22, 6, 0, 5, tzinfo=UTC)
LINK = "https://papers.example.org/u/WzQxXQ.abc"


def spliced(message: Message, recipient: Recipient = specimens.RECIPIENT, site=specimens.SITE) -> bytes:
    """Return the mail as it goes to one recipient."""
    return Envelope(message, site, sent_at=SENT_AT, stamp="2026-11-22").splice(recipient)


def parsed(mail: bytes) -> EmailMessage:
    """Read a mail as a mail client does."""
    return email.message_from_bytes(mail, policy=policy.SMTP)


def part(mail: bytes, kind: str) -> str:
    """Return the text of one part."""
    found = parsed(mail).get_body((kind,))
    assert found is not None
    return found.get_content().replace("\r\n", "\n")


def filled(text: str, recipient: Recipient = specimens.RECIPIENT) -> str:
    """Put the recipient's links where the placeholders stand."""
    for name, value in recipient.substitutions:
        text = text.replace(name, value)
    return text


def a_message(**values) -> Message:
    """Return a message in plain text."""
    return Message(**({"subject": "A subject", "html": None, "text": "A text\n"} | values))


@pytest.mark.parametrize("name", ["day", "hard"])
def test_both_parts_come_back_as_they_were_rendered(name):
    """Parsing a spliced mail gives the rendered parts with the recipient's links, character for character."""
    message = digest.render(specimens.an_edition(name), specimens.READER, specimens.SITE)
    mail = spliced(message)
    assert part(mail, "plain") == filled(message.text)
    assert part(mail, "html") == filled(message.html or "").removesuffix("\n") + "\n"


nasty = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            [
                "-unsubscribe_url-",
                ".",
                "\n",
                "\n.",
                "From ",
                " ",
                "\t",
                "=",
                "=3D",
                "--=_",
                "é" * 40,
                "x" * 80,
            ]
        ),
    ),
    max_size=30,
).map("".join)


@given(text=nasty, link=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300))
def test_any_text_survives_with_any_link_in_it(text, link):
    """Encoding and splicing lose nothing: not dots, not trailing blanks, not a link with equals signs."""
    recipient = Recipient.of(
        subscriber_id=1, address="a@example.org", substitutions=(("-unsubscribe_url-", link),)
    )
    text = text.replace("\r", "")
    mail = spliced(a_message(text=text), recipient)
    body = mail.partition(b"\r\n\r\n")[2]
    decoded = email.message_from_bytes(mail).get_payload(decode=True).decode()
    assert decoded.replace("\r\n", "\n") == filled(text.removesuffix("\n"), recipient) + "\n"
    lines = body.split(b"\r\n")
    assert all(len(line) <= 76 and not line.startswith((b".", b"From ")) for line in lines)
    assert b"\n" not in body.replace(b"\r\n", b"")


@pytest.mark.parametrize("link", ["https://x.org/?a=3D&b=41", ".", "=", "x" * 72 + "=41", "x" * 490], ids=len)
def test_a_link_comes_out_of_every_part_as_it_went_in(link):
    """What looks like an escape of the encoding is none, and a long link is not cut."""
    recipient = Recipient.of(
        subscriber_id=1, address="a@example.org", substitutions=(("-manage_url-", link),)
    )
    message = a_message(text="a -manage_url- b\n-manage_url-\n", html='<a href="-manage_url-">c</a>\n')
    mail = spliced(message, recipient)
    assert part(mail, "plain") == f"a {link} b\n{link}\n"
    assert part(mail, "html") == f'<a href="{link}">c</a>\n'


def test_a_mail_is_ready_for_the_wire():
    """Lines end with CRLF and are short enough, none begins with a full stop, and all is ASCII."""
    mail = spliced(digest.render(specimens.a_long_edition(), specimens.READER, specimens.SITE))
    lines = mail.split(b"\r\n")
    assert mail.isascii()
    assert mail.endswith(b"\r\n")
    assert max(map(len, lines)) <= LONGEST_LINE
    assert not any(line.startswith(b".") for line in lines)
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert b"\r" not in mail.replace(b"\r\n", b"")


def test_each_header_stands_once_and_reads_as_it_was_written():
    """Providers refuse a second From and hide the button of a List-Unsubscribe that was encoded."""
    mail = parsed(spliced(digest.render(specimens.an_edition("hard"), specimens.READER, specimens.SITE)))
    expected = {
        "From": "Trending Papers <digest@papers.example.org>",
        "To": "ada@example.net",
        "Date": "Sun, 22 Nov 2026 06:00:05 +0000",
        "Message-ID": "<2026-11-22.dcd9d940d6baad757285@papers.example.org>",
        "List-Id": "<digest.papers.example.org>",
        "List-Unsubscribe": f"<{filled('-unsubscribe_url-')}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": "<https://papers.example.org/archive>",
        "Feedback-ID": "20261122:digest:list:papersexampleor",
        "MIME-Version": "1.0",
    }
    assert {name: mail.get_all(name) for name in expected} == {
        name: [value] for name, value in expected.items()
    }
    assert len(mail.get_all("Subject")) == 1


def test_no_list_header_is_folded_or_encoded():
    """A long unsubscribe link stays in one line as it is."""
    long_link = "https://papers.example.org/u/" + "x" * 400
    recipient = Recipient.of(
        subscriber_id=1,
        address="a@example.org",
        substitutions=(("-unsubscribe_url-", long_link), ("-manage_url-", LINK)),
    )
    head = spliced(
        digest.render(specimens.an_edition(), specimens.READER, specimens.SITE), recipient
    ).partition(b"\r\n\r\n")[0]
    assert f"\r\nList-Unsubscribe: <{long_link}>\r\n".encode() in head
    assert not any(b"=?" in line for line in head.split(b"\r\n") if line.startswith(b"List-"))


@pytest.mark.parametrize(
    "subject",
    ["Plain", "Größe, 流れ: " + "ü" * 60, "x" * 200, "two\nlines\r\nBcc: eve@example.org"],
    ids=["plain", "utf-8", "long", "lines"],
)
def test_a_subject_comes_back_in_one_piece_and_adds_no_header(subject):
    """Encoded words are folded where they must be, and a line end in a subject is a space."""
    mail = parsed(spliced(a_message(subject=subject)))
    assert mail["Subject"] == " ".join(subject.split())
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("address", "on_wire"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada+list@EXAMPLE.org", "Ada+list@EXAMPLE.org"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("ädä@例え.jp", "ädä@xn--r8jz45g.jp"),
    ],
)
def test_domains_are_written_as_mail_servers_want_them(address, on_wire):
    """The domain goes in ASCII by IDNA 2008 (ß is a letter of its own), the local part as typed."""
    assert wire_address(address) == on_wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "a@b@c",
        "a,b@c.de",
        "a b@c.de",
        "a@b.de\r\nBcc: eve@example.org",
        "<a@b.de>",
        "a@-.de\N{NARROW NO-BREAK SPACE}",
        'a"@b.de',
    ],
)
def test_what_is_no_plain_address_is_refused(address):
    """An address that could write somebody else into the headers never gets that far."""
    with pytest.raises(InvalidInputError, match=r"Correct or remove it\.$"):
        wire_address(address)


@pytest.mark.parametrize(
    "value", ["", "two words", "line\r\nend", "ü", "x" * 600], ids=["empty", "blank", "line", "ü", "long"]
)
def test_a_value_that_would_break_the_mail_is_refused(value):
    """What is spliced in is a link in ASCII; anything else ends in an error before a byte is sent."""
    recipient = Recipient.of(
        subscriber_id=1, address="a@example.org", substitutions=(("-unsubscribe_url-", value),)
    )
    with pytest.raises(InvalidInputError, match="cannot be spliced"):
        spliced(a_message(text="-unsubscribe_url-"), recipient)


def test_a_placeholder_without_a_value_is_an_error():
    """Nobody gets a mail with the word `-unsubscribe_url-` where the link should be."""
    recipient = Recipient(subscriber_id=7, address="a@example.org")
    with pytest.raises(InvalidInputError, match="recipient 7 brings no value"):
        spliced(a_message(text="-unsubscribe_url-"), recipient)


def test_a_header_that_is_not_plain_is_refused():
    """A header with a line end or beyond ASCII is our own fault and is told at once."""
    for value in ("x\r\nBcc: eve@example.org", "ü", "x" * 700):
        with pytest.raises(InvalidInputError, match="cannot be written in one line"):
            spliced(a_message(headers=(("X-Note", value),)))


def test_a_sender_beyond_ascii_is_encoded_and_quoted():
    """Names with umlauts become encoded words, names with commas are quoted, and both come back."""
    for name in ("Größe & Maß", 'Papers, "Daily"'):
        written = (
            f'"{name}" <p@bücher.example>' if "," not in name else '"Papers, \\"Daily\\"" <p@bücher.example>'
        )
        site = specimens.SITE.model_copy(update={"from_": written, "reply_to": "Desk <desk@example.org>"})
        mail = parsed(spliced(a_message(), site=site))
        assert mail["From"].addresses[0].display_name == name
        assert mail["From"].addresses[0].addr_spec == "p@xn--bcher-kva.example"
        assert mail["Reply-To"].addresses[0].addr_spec == "desk@example.org"


def test_the_same_mail_to_the_same_reader_has_the_same_id():
    """A mail sent twice by mistake can be recognised by its Message-ID."""
    assert (
        parsed(spliced(a_message()))["Message-ID"] == parsed(spliced(a_message(text="other")))["Message-ID"]
    )
