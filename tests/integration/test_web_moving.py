"""A reader changes the address on the site; the new one confirms it by a button in its mail."""

import re

import pytest
from visitor import Visitor, seen

from newsletter.delivery.sending.notices import send_letter
from newsletter.models import Preferences, Subscriber
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.consent import moving, signup
from newsletter.subscribers.notices import Letterbox

OLD, NEW = "ada@example.org", "countess@example.net"


@pytest.fixture
def visitor(settings: Settings, store: Store) -> Visitor:
    """Somebody at an empty site."""
    return Visitor(settings)


@pytest.fixture
def reader(visitor: Visitor) -> Subscriber:
    """A reader whose welcome is on its way."""
    found = visitor.reader(OLD, preferences=Preferences(hour=6, topics=("RL",)))
    mails(visitor)
    return found


def mails(visitor: Visitor) -> dict[str, str]:
    """Send what waits, as a worker does; return the newest text to each address."""
    for letter in Letterbox(visitor.store).pending(visitor.now):
        send_letter(visitor.store, visitor.settings, letter, lambda: visitor.now)
    found = sorted(visitor.settings.outbox_dir.rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    texts = {}
    for path in found:
        text = path.read_text("utf-8")
        texts[re.search(r"^To: (.*)$", text, re.MULTILINE)[1]] = path.with_suffix(".txt").read_text("utf-8")
        path.unlink()
    return texts


def manage(visitor: Visitor, reader: Subscriber) -> str:
    """Where a reader's preferences are."""
    return f"/manage/{visitor.token('manage', reader.id)}"


def ask(visitor: Visitor, reader: Subscriber, address: str = NEW):
    """Type another address into the preferences, press, and follow the redirect."""
    answer = visitor.web.post(manage(visitor, reader), data={"do": "move", "email": address})
    assert answer.status_code == 303
    return visitor.web.get(answer.headers["location"])


def link_in(text: str) -> str:
    """The path of the link that moves."""
    return re.search(r"/move/\S+", text)[0]


def test_the_whole_move(visitor: Visitor, reader: Subscriber):
    """Asked, told, confirmed, told again; id and choices stay, old links show nothing and unsubscribe."""
    out, page = f"/u/{visitor.token('unsubscribe', reader.id)}", manage(visitor, reader)
    assert f"{NEW} to confirm" in seen(ask(visitor, reader).text)
    visitor.later(seconds=1)
    sent = mails(visitor)
    assert "Nothing changes until that one confirms" in " ".join(sent[OLD].split())
    assert page in sent[OLD]
    move = link_in(sent[NEW])
    assert "Have it sent to this address?" in visitor.web.get(move).text
    assert visitor.subscribers.get(reader.id).address == OLD, "looking moves nobody"
    for _ in range(2):
        done = visitor.web.post(move)
        assert (done.status_code, f"Mail goes to {NEW}" in seen(done.text)) == (200, True)
    assert visitor.subscribers.get(reader.id) == reader.model_copy(update={"address": NEW})
    told = mails(visitor)
    assert list(told) == [OLD], "and the new one is not told what it did itself"
    for answer in (visitor.web.get(page), visitor.web.post(page, data={"do": "delete", "sure": "yes"})):
        assert (answer.status_code, NEW in answer.text) == (404, False)
    visitor.web.post(out)
    assert visitor.subscribers.get(reader.id).status == "unsubscribed"
    visitor.web.post(out, data={"from": "page", "choice": "undo"})
    assert visitor.subscribers.get(reader.id).status == "unsubscribed", "only the new address undoes it"


def test_who_was_moved_by_somebody_else_has_it_back_by_the_notice(visitor: Visitor, reader: Subscriber):
    """For a week the letter to the old address undoes the move, pressed any number of times."""
    ask(visitor, reader)
    visitor.later(seconds=1)
    visitor.web.post(link_in(mails(visitor)[NEW]))
    back = link_in(mails(visitor)[OLD])
    for _ in range(2):
        assert f"Mail goes to {OLD}" in seen(visitor.web.post(back).text)
    assert visitor.subscribers.get(reader.id) == reader
    assert visitor.subscribers.find_id(NEW) is None


def test_whoever_has_the_address_already_the_answer_is_the_same(visitor: Visitor, reader: Subscriber):
    """A reader, somebody who complained, somebody who was erased and nobody: page, status and headers."""
    visitor.reader("taken@example.org")
    visitor.reader("loath@example.org", "complained")
    visitor.reader("fresh@example.org", "pending")
    answers = set()
    for address in ("taken@example.org", "loath@example.org", "fresh@example.org", "never@example.org"):
        answer = ask(visitor, reader, address)
        text = answer.text.replace(address, "…")
        answers.add((answer.status_code, text, tuple(sorted(answer.headers.items()))))
    assert len(answers) == 1


def test_a_change_that_is_stopped_does_nothing_any_more(visitor: Visitor, reader: Subscriber):
    """One press by whoever reads the old mailbox; the link in the new one is over."""
    ask(visitor, reader)
    visitor.later(seconds=1)
    move = link_in(mails(visitor)[NEW])
    visitor.web.post(manage(visitor, reader), data={"do": "stop-move"})
    assert NEW not in visitor.web.get(manage(visitor, reader)).text
    for answer in (visitor.web.get(move), visitor.web.post(move)):
        assert (answer.status_code, "That link no longer works" in answer.text) == (410, True)
    assert visitor.subscribers.get(reader.id).address == OLD


@pytest.mark.parametrize("gone", ["left", "erased", "late"])
def test_who_left_meanwhile_is_not_moved(visitor: Visitor, reader: Subscriber, gone: str):
    """410, and not a byte in the store is different."""
    ask(visitor, reader)
    visitor.later(seconds=1)
    move = link_in(mails(visitor)[NEW])
    if gone == "left":
        signup.unsubscribe(visitor.store, visitor.settings, reader.id, visitor.now)
    elif gone == "erased":
        signup.erase(visitor.store, reader.id, visitor.now)
    else:
        visitor.later(days=7)
    before = visitor.everything()
    assert visitor.web.post(move).status_code == 410
    assert visitor.everything() == before


@pytest.mark.parametrize("way", ["get", "head", "post"])
def test_a_damaged_link_moves_nobody(visitor: Visitor, reader: Subscriber, way: str):
    """Cut short, of another purpose, of another reader: 404, and nothing learnt."""
    ask(visitor, reader)
    visitor.later(seconds=1)
    move = link_in(mails(visitor)[NEW])
    other = visitor.token("move", reader.id + 1)
    before = visitor.everything()
    for path in (move[:-1], f"/move/{visitor.token('confirm', reader.id)}", "/move/x"):
        assert getattr(visitor.web, way)(path).status_code == 404
    assert getattr(visitor.web, way)(f"/move/{other}").status_code == 410
    assert visitor.everything() == before


def test_looking_at_the_link_changes_nothing_and_is_kept_nowhere(visitor: Visitor, reader: Subscriber):
    """Scanners open it first."""
    ask(visitor, reader)
    visitor.later(seconds=1)
    move = link_in(mails(visitor)[NEW])
    before = visitor.everything()
    for way in (visitor.web.get, visitor.web.head):
        answer = way(move)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert visitor.everything() == before


@pytest.mark.parametrize(
    ("address", "status"), [("countess", 422), ("", 422), ("a\0b@example.org", 422), (OLD, 303)]
)
def test_what_is_no_new_address_moves_nobody(visitor: Visitor, reader: Subscriber, address: str, status: int):
    """What is wrong is said, the typed text stays, nothing is kept."""
    answer = visitor.web.post(manage(visitor, reader), data={"do": "move", "email": address})
    assert answer.status_code == status
    assert moving.wished(visitor.store, reader.id) is None


def test_enough_is_enough_for_a_day(visitor: Visitor, reader: Subscriber):
    """Depends on the reader alone, so it may be said."""
    for n in range(moving.WISHES_A_DAY):
        ask(visitor, reader, f"victim{n}@example.org")
    answer = visitor.web.post(manage(visitor, reader), data={"do": "move", "email": "more@example.org"})
    assert (answer.status_code, "enough for one day" in answer.text) == (422, True)


def test_who_is_not_subscribed_moves_nowhere(visitor: Visitor):
    """The form is not shown, and pressing it anyway is refused in words."""
    gone = visitor.reader("gone@example.org", "unsubscribed")
    assert "Send it to" not in visitor.web.get(manage(visitor, gone)).text
    for act in ({"do": "move", "email": NEW}, {"do": "latest"}):
        answer = visitor.web.post(manage(visitor, gone), data=act)
        assert answer.status_code == 422
