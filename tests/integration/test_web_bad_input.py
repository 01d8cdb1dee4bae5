"""What no browser and no mail program would send: refused in words, with nothing changed and nothing told."""

from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from builders import NOON
from starlette.testclient import TestClient
from visitor import Visitor

from newsletter.models import Preferences, Subscriber
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import tokens

FORM = "application/x-www-form-urlencoded"
ADDRESS = "ada@example.org"
BAD = {
    "nul": b"a%00b",
    "terminal": b"%1B[2Jx",
    "not-utf-8": b"%FF%FEx",
    "surrogate": b"%ED%A0%80x",
    "raw": b"\xff\xfe\x80",
    "right-to-left": b"%E2%80%AEx",
    "long": b"x" * 1_000_000,
}
FORMS: dict[str, dict[str, str]] = {
    "/subscribe": {
        "email": "new@example.org",
        "hour": "8",
        "timezone": "Asia/Tokyo",
        "limit": "5",
        "topics": "diffusion",
        "muted": "survey",
        "stamp": "",
    },
    "/links": {"email": ADDRESS, "stamp": ""},
    "/manage/save": {
        "do": "save",
        "topics": "diffusion",
        "muted": "survey",
        "limit": "5",
        "hour": "8",
        "timezone": "Asia/Tokyo",
        "frequency": "weekly",
        "format": "text",
    },
    "/manage/days": {"do": "pause", "days": "7"},
    "/manage/until": {"do": "pause", "until": "2026-07-01"},
    "/manage/move": {"do": "move", "email": "new@example.net"},
    "/manage/delete": {"do": "delete", "sure": "yes"},
    "/u/less": {"from": "page", "choice": "weekly"},
}
UNSEEN = {("/subscribe", "stamp"), ("/links", "stamp"), ("/u/less", "from")}
"""Of repeated ones the first counts: a stamp is not kept, and what is no form of ours is the one click."""
FIELDS = [(form, field) for form, fields in FORMS.items() for field in fields]


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at a site with one reader."""
    return Visitor(settings)


@pytest.fixture
def reader(visitor: Visitor) -> Subscriber:
    """The reader whose links are misused."""
    return visitor.reader(ADDRESS, preferences=Preferences(topics=("RL",)))


def post(visitor: Visitor, reader: Subscriber, form: str, pairs: list[tuple[str, bytes]]):
    """Post pairs of a name and a value that is quoted already."""
    path = form
    if form.startswith("/manage"):
        path = f"/manage/{visitor.token('manage', reader.id)}"
    elif form.startswith("/u/"):
        path = f"/u/{visitor.token('unsubscribe', reader.id)}"
    body = b"&".join(name.encode() + b"=" + value for name, value in pairs)
    return visitor.web.post(path, content=body, headers={"content-type": FORM})


def filled_in(visitor: Visitor, form: str) -> list[tuple[str, bytes]]:
    """What the form would send if all were well."""
    fields = FORMS[form] | ({"stamp": visitor.stamp()} if "stamp" in FORMS[form] else {})
    return [(name, quote_plus(value).encode()) for name, value in fields.items()]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_form_filled_in_well_does_change_something(visitor: Visitor, reader: Subscriber, form: str):
    """Or the tests below would prove nothing."""
    before = visitor.everything()
    assert post(visitor, reader, form, filled_in(visitor, form)).status_code in (200, 303)
    assert visitor.everything() != before


@pytest.mark.parametrize(("form", "field"), FIELDS, ids=lambda value: value.strip("/").replace("/", "-"))
def test_a_field_that_cannot_be_read_changes_nothing(
    visitor: Visitor, reader: Subscriber, form: str, field: str
):
    """Control characters, other encodings, a megabyte, or twice: 4xx, and the store as it was."""
    good = filled_in(visitor, form)
    before = visitor.everything()
    broken = {
        name: [(key, bad if key == field else value) for key, value in good] for name, bad in BAD.items()
    }
    broken["twice"] = [*good, (field, b"other%40example.org")]
    for name, pairs in broken.items():
        if (form, field) in UNSEEN and (name == "twice" or form == "/u/less"):
            continue
        answer = post(visitor, reader, form, pairs)
        assert answer.status_code in (400, 413, 422), name
        assert not any(sign in answer.text for sign in "\0\x1b\ufffd"), name
        assert len(answer.content) < 100_000, name
        assert visitor.everything() == before, name


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"do": "delete", "sure": "yes"}'),
        ("multipart/form-data; boundary=x", b"--y\r\nnothing like it"),
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded; charset=utf-16", "do=delete&sure=yes".encode("utf-16")),
        (FORM, b"do=delete&sure=yes" + b"&x=1" * 200),
        ("text/plain", b"do=delete&sure=yes"),
        (FORM, b""),
        (FORM, b"&&==&=%%%&do"),
    ],
    ids=["json", "torn", "no-boundary", "utf-16", "crowded", "plain", "empty", "mangled"],
)
def test_a_body_that_is_no_form_of_ours_is_a_form_without_fields(
    visitor: Visitor, reader: Subscriber, kind: str, body: bytes
):
    """400 where a button had to be named, 422 where an address had."""
    before = visitor.everything()
    headers = {"content-type": kind}
    page = f"/manage/{visitor.token('manage', reader.id)}"
    assert visitor.web.post(page, content=body, headers=headers).status_code == 400
    for path in ("/subscribe", "/links"):
        assert visitor.web.post(path, content=body, headers=headers).status_code == 422
    assert visitor.everything() == before


def test_whatever_a_mail_program_posts_is_the_one_click(visitor: Visitor, reader: Subscriber):
    """RFC 8058 clients send urlencoded or multipart; some send rubbish. Leaving works for all."""
    path = f"/u/{visitor.token('unsubscribe', reader.id)}"
    for kind, body in ((FORM, b"\xff%00&&"), ("multipart/form-data; boundary=x", b"torn"), ("x/y", b"")):
        answer = visitor.web.post(path, content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.text[:21]) == (200, "You are unsubscribed.")
    assert visitor.subscribers.get(reader.id).status == "unsubscribed"


def test_a_choice_that_the_goodbye_page_does_not_offer_is_refused(visitor: Visitor, reader: Subscriber):
    """Only our own form says that it is one; what it cannot have sent changes nothing."""
    before = visitor.everything()
    path = f"/u/{visitor.token('unsubscribe', reader.id)}"
    assert visitor.web.post(path, data={"from": "page", "choice": "monthly"}).status_code == 400
    assert visitor.everything() == before


PURPOSES: dict[str, tokens.Purpose] = {
    "/confirm": "confirm",
    "/reject": "reject",
    "/move": "move",
    "/u": "unsubscribe",
    "/manage": "manage",
}
WAYS: dict[str, Callable[[TestClient, str], object]] = {
    "get": lambda web, path: web.get(path),
    "head": lambda web, path: web.head(path),
    "post": lambda web, path: web.post(path),
    "button": lambda web, path: web.post(
        path, data={"from": "page", "do": "delete", "sure": "yes", "again": "1"}
    ),
}


def forged(purpose: tokens.Purpose, keys: tokens.Keys) -> str:
    """What a link would hold that was sealed with other keys."""
    instant = int(NOON.timestamp() * 1000) if purpose in {"confirm", "move"} else None
    return tokens.sign(purpose, 1, ADDRESS, keys, instant=instant)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("page", PURPOSES)
def test_a_token_that_is_not_whole_and_ours_does_nothing(
    visitor: Visitor, reader: Subscriber, page: str, way: str
):
    """Cut, stretched, swapped, of another purpose, of a forgotten key: 404, nothing told, nothing changed."""
    good = visitor.token(PURPOSES[page], reader.id)
    foreign = tokens.Keys(("forgotten",), "forgotten")
    others = sorted(set(PURPOSES.values()) - {PURPOSES[page]})
    bad = {
        "cut": good[:-1],
        "halved": good[: len(good) // 2],
        "stretched": f"{good}A",
        "begun anew": f"A{good}",
        "swapped": good[len(good) // 2 :] + good[: len(good) // 2],
        "upper case": good.swapcase(),
        "a letter": "A",
        "a thousand": "A" * 1000,
        "not utf-8": "%FF%FE",
        "forgotten": forged(PURPOSES[page], foreign),
        **{other: visitor.token(other, reader.id) for other in others},
    }
    before = visitor.everything()
    for name, token in bad.items():
        answer = WAYS[way](visitor.web, f"{page}/{token}")
        assert answer.status_code == 404, name
        assert ADDRESS not in answer.text, name
        assert way == "head" or "Copy the whole line from the message." in answer.text, name
    assert visitor.everything() == before


@pytest.mark.parametrize("page", PURPOSES)
def test_a_token_signed_before_the_keys_changed_works(
    visitor: Visitor, reader: Subscriber, make_settings: Callable[..., Settings], page: str
):
    """The first key signs, all verify; a no needs none of them: no link that was mailed breaks."""
    old = visitor.token(PURPOSES[page], reader.id)
    rotated = Visitor(make_settings(secret_key="brand-new,a-secret-of-the-tests"))
    assert (rotated.token(PURPOSES[page], reader.id) == old) == (page in {"/u", "/reject"})
    assert rotated.web.get(f"{page}/{old}").status_code == (410 if page == "/move" else 200)
    if page == "/u":
        assert rotated.web.post(f"{page}/{old}").status_code == 200
        assert rotated.subscribers.get(reader.id).status == "unsubscribed"
