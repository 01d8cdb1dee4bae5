"""What became of a request that the server has forgotten: merged with what it knows, never thrown away.

A server that loses its last changes (a replica was promoted, `everysec` before
a power cut) forgets a request that is under way; the worker that makes it still
knows how it ended. Readers who were accepted are not sent to again.
Those who have been sent to again meanwhile are counted as mailed twice, and the
operator is told.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from newsletter.delivery.ledger import store as keys
from newsletter.delivery.ledger.ids import packed, unpacked
from newsletter.delivery.ledger.store import KEEP_SECONDS, Script
from newsletter.store import Store, unavailable_store

_ACCEPTED, _UNSPOKEN = "a", "-"
_FAMILIES: Final = (
    *(keys.EDITION, keys.BATCHES, keys.MARKS, keys.DUE, keys.INTENT, keys.UNCERTAIN, keys.STRAY, keys.DONE),
)


def merge(store: Store, day: date, request: tuple[int, int, str], ids: Sequence[int], letters: str) -> str:
    """Write how a request ended, as (batch, token, nonce); return settled, stray or known, as commit does.

    Where the freeze was forgotten too and its readers stand in other batches
    by now, or in none, each is found and marked where they are.
    """
    _, token, nonce = request
    answer = _recover(store, day, request, packed(ids), letters)
    if answer != "elsewhere":
        return answer
    ends = dict(zip(ids, letters, strict=True))
    with unavailable_store():
        definitions = store.hgetall(keys.BATCHES(day=day))
    answers: set[str] = set()
    for number, definition in definitions.items():
        members = str(definition).partition("|")[2]
        told = "".join(ends.pop(one, _UNSPOKEN) for one in unpacked(members))
        if told.strip(_UNSPOKEN):
            answers.add(_recover(store, day, (int(number), token, nonce), members, told))
    _enter(store, day, ends)
    return next((one for one in ("stray", "settled") if one in answers), "known" if answers else "settled")


def _recover(store: Store, day: date, request: tuple[int, int, str], members: str, letters: str) -> str:
    batch, token, nonce = request
    names = [family(day=day) for family in _FAMILIES]
    answer = Script.named("recover").run(store, names, batch, token, letters, KEEP_SECONDS, nonce, members)
    return str(answer[0])


def _enter(store: Store, day: date, ends: Mapping[int, str]) -> None:
    """Add readers who have the mail but no batch to the addressee set: no freeze mails them again."""
    for one, end in ends.items():
        if end in {_ACCEPTED, "u"}:
            keys.may_carry(store, day, one)
