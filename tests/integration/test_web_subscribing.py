"""The form: the same answer in every state, and a plain word where an address cannot be one."""

import re
from collections.abc import Callable

import pytest
from visitor import Visitor, seen

from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.notices import Letterbox


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at an empty site."""
    return Visitor(settings)


def without_cookie(answer) -> tuple:
    """Everything of an answer but the cookie's value, which names no state but differs by address."""
    headers = [(name, value) for name, value in answer.headers.items() if name != "set-cookie"]
    attributes = answer.headers["set-cookie"].partition(";")[2]
    return answer.status_code, headers, attributes, len(answer.headers["set-cookie"]), answer.content


@pytest.mark.parametrize(
    "status", ["pending", "active", "unsubscribed", "bounced", "complained", "erased", "honeypot", "again"]
)
def test_the_answer_is_the_same_in_every_state(visitor: Visitor, status: str):
    """Nobody learns from the form whether an address is known, in whatever state."""
    new = visitor.subscribe("new@example.org")
    assert (new.status_code, new.headers["location"]) == (303, "/check-inbox")
    if status == "honeypot":
        other = visitor.subscribe("bot@example.org", website="http://spam.example")
        assert visitor.subscribers.find("bot@example.org") is None
    elif status == "again":
        other = visitor.subscribe("new@example.org")
    else:
        visitor.reader("old@example.org", status)
        other = visitor.subscribe("old@example.org")
    assert without_cookie(other) == without_cookie(new)


def test_a_letter_is_recorded_before_the_answer(visitor: Visitor):
    """The confirmation waits in the store whatever becomes of the queue's message."""
    visitor.subscribe("ada@example.org", hour="6", timezone="Europe/Berlin")
    reader = visitor.subscribers.find("ada@example.org")
    box = Letterbox(visitor.store)
    (letter,) = [box.get(one) for one in box.pending(visitor.now)]
    assert (letter.kind, letter.subscriber_id) == ("confirm", reader.id)
    assert (reader.preferences.hour, reader.preferences.timezone) == (6, "Europe/Berlin")
    assert reader.consent.requested_from == "203.0.113.0/24"


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@exa mple.org", "a@b@c.org"],
)
def test_what_is_no_address_is_named_and_shown_again(visitor: Visitor, typed: str):
    """422 keeps what was typed, so that one letter can be mended."""
    answer = visitor.subscribe(typed)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert f'value="{typed}"' in answer.text
    assert visitor.subscribers.count() == 0


def test_a_slip_in_the_domain_is_asked_about_and_can_be_insisted_on(visitor: Visitor):
    """“Did you mean” saves nothing; the suggested button and the insisting one both do."""
    asked = visitor.subscribe("ada@gmial.com", hour="5")
    assert asked.status_code == 422
    assert "Did you mean ada@gmail.com" in seen(asked.text)
    assert 'value="ada@gmial.com"' in asked.text
    assert '<input type="hidden" name="hour" value="5">' in asked.text
    assert visitor.subscribers.count() == 0
    assert visitor.subscribe("ada@gmial.com", sure="ada@gmial.com").status_code == 303
    assert visitor.subscribers.find("ada@gmial.com") is not None
    suggested = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked.text.partition("</form>")[0]))
    assert visitor.web.post("/subscribe", data=suggested).status_code == 303
    assert visitor.subscribers.find("ada@gmail.com") is not None


@pytest.mark.parametrize(("seconds", "status"), [(0, 422), (1, 422), (3, 303), (3 * 86_400, 422)])
def test_a_form_filled_in_by_a_script_is_shown_once_more(visitor: Visitor, seconds: float, status: int):
    """Too quick or too old loses nobody: a person presses again, and the new stamp serves."""
    first = visitor.subscribe("ada@example.org", stamp=visitor.stamp(seconds))
    assert first.status_code == status
    if status == 422:
        stamp = first.text.partition('name="stamp" value="')[2].partition('"')[0]
        visitor.later(seconds=3)
        assert visitor.subscribe("ada@example.org", stamp=stamp).status_code == 303


def test_who_was_slow_once_need_not_be_slow_again(visitor: Visitor):
    """Mending a typing error may take less than two seconds."""
    answer = visitor.subscribe("ada@")
    stamp = answer.text.partition('name="stamp" value="')[2].partition('"')[0]
    assert visitor.subscribe("ada@example.org", stamp=stamp).status_code == 303


def test_a_network_that_asks_too_often_waits_and_learns_nothing(
    make_settings: Callable[..., Settings], store: Store
):
    """429 depends on the network alone: known and unknown addresses get it alike, other networks do not."""
    visitor = Visitor(make_settings(signups_per_network_hour=3))
    visitor.reader("known@example.org")
    for number in range(3):
        assert visitor.subscribe(f"reader{number}@example.org").status_code == 303
    known, unknown = (visitor.subscribe(f"{name}@example.org") for name in ("known", "unknown"))
    assert known.status_code == 429
    assert known.content == unknown.content
    assert 0 < int(known.headers["retry-after"]) <= 3600
    assert "set-cookie" not in known.headers
    elsewhere = visitor.from_network("192.0.2.1")
    assert visitor.subscribe("unknown@example.org", web=elsewhere).status_code == 303


def test_a_store_that_is_down_is_said_so(make_settings: Callable[..., Settings], tmp_path):
    """503 says that nothing was saved and when to come back; it holds no address."""
    visitor = Visitor(make_settings(redis_url=f"unix://{tmp_path}/nowhere.sock"))
    answer = visitor.subscribe("ada@example.org")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Nothing was saved. Please try again in a minute." in answer.text
    assert "ada@example.org" not in answer.text
    landing = visitor.web.get("/")
    assert landing.status_code == 503
    assert "Nothing was saved" not in landing.text


HOSTILE = {
    "control": {"email": "ada\0@example.org"},
    "newline": {"email": "ada@example.org\r\nBcc: eve@example.org"},
    "long": {"email": "a" * 3000 + "@example.org"},
    "bidi hour": {"hour": "٧"},
    "hour 24": {"hour": "24"},
    "hour minus": {"hour": "-1"},
    "zone path": {"timezone": "../../etc/passwd"},
    "zone alien": {"timezone": "Mars/Olympus"},
    "zone nul": {"timezone": "Europe/\0Berlin"},
    "twice": {"email": ["ada@example.org", "eve@example.org"]},
    "markup": {"email": '"><script>alert(1)</script>@example.org'},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_field_is_refused_and_saves_nothing(visitor: Visitor, name: str):
    """Whatever a script puts into a field: 422, nothing kept, nothing reflected alive."""
    fields = {"email": "ada@example.org", "stamp": visitor.stamp()} | HOSTILE[name]
    answer = visitor.web.post("/subscribe", data=fields)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "\0" not in answer.text
    assert visitor.subscribers.count() == 0


BODIES = {
    "latin-1": (b"email=ad\xe9@example.org", "application/x-www-form-urlencoded"),
    "utf-16": ("email=ada@example.org".encode("utf-16"), "application/x-www-form-urlencoded"),
    "broken escape": (b"email=%zz%f%", "application/x-www-form-urlencoded"),
    "no boundary": (b"email=ada@example.org", "multipart/form-data"),
    "torn multipart": (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nada',
        "multipart/form-data; boundary=x",
    ),
    "json": (b'{"email": "ada@example.org"}', "application/json"),
    "strange charset": (b"email=ada@example.org", "application/x-www-form-urlencoded; charset=utf-7"),
    "many fields": (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_form_of_ours_is_a_form_to_fill_in_again(visitor: Visitor, name: str):
    """Wrong encodings, torn parts and other types end in the form, never in an error of ours."""
    body, kind = BODIES[name]
    answer = visitor.web.post("/subscribe", content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    assert visitor.subscribers.count() == 0


@pytest.mark.parametrize("path", ["/subscribe", "/u/x", "/manage/x", "/confirm/x"])
def test_a_megabyte_is_refused_everywhere(visitor: Visitor, path: str):
    """A body above 64 KB is 413 and is not kept in memory."""
    answer = visitor.web.post(path, data={"email": "a" * 1_000_000})
    assert answer.status_code == 413
