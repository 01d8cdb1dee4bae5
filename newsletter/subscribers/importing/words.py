"""The words with which exports say where somebody stands."""

import re
from typing import NamedTuple

from newsletter.subscribers.consent.suppression import Reason

ACTIVE, PENDING, OUT = "active", "pending", "suppressed"


class Word(NamedTuple):
    """Where a word puts somebody."""

    standing: str
    """`ACTIVE`, `PENDING` or `OUT`."""
    reason: Reason = Reason.UNSUBSCRIBED
    """Why, for who is out."""


def folded_word(text: str) -> str:
    """Return a status as it is looked up.

    >>> folded_word("Hard-Bounced "), folded_word("ENABLED"), folded_word("DeliveryStatus.by_user")
    ('hard bounced', 'enabled', 'by user')
    """
    word = re.sub(r"^\w+\.(?=[^\W\d])", "", text.strip().casefold())  # an enumeration's own name
    return " ".join(re.sub(r"[\W_]+", " ", word).split())


def _words(text: str, word: Word) -> dict[str, Word]:
    return {" ".join(one.split()): word for one in text.split(",")}


STATUS_WORDS: dict[str, Word] = {
    **_words(
        "active, subscribed, confirmed, enabled, regular, opted in, opt in, optin, verified, valid, member,"
        "subscriber, double opt in, double optin, confirmed opt in, express, yes, true, on, approved,"
        "granted, given, accepted, agreed,"
        "subscribed confirmed, aktiv, angemeldet, bestätigt, abonniert, abonné, abonnée, inscrit, inscrite,"
        "actif, confirmé, activo, suscrito, attivo, iscritto, actief, активен, подписан",
        Word(ACTIVE),
    ),
    **_words(
        "pending, unconfirmed, not confirmed, unactivated, not activated, awaiting confirmation, waiting,"
        "needs approval, needs attention, awaiting approval, validating, unverified, not verified, invited,"
        "nonsubscribed, non subscribed, non subscriber, transactional, never subscribed,"
        "pending confirmation, confirmation pending, awaiting optin, unknown, no consent, not set,"
        "requested, waitlist, draft, unbestätigt, nicht bestätigt, ausstehend, en attente, non confirmé,"
        "à confirmer, pendiente, no confirmado, in attesa, non confermato",
        Word(PENDING),
    ),
    **_words(
        "unsubscribed, unsubscribe, unsub, inactive, disabled, blocklisted, blacklisted, blocked, cancelled,"
        "canceled, removed, deleted, opted out, opt out, optout, archived, suppressed, left, deactivated,"
        "not subscribed, unsubscribed by admin, do not contact, do not email, revoked, withdrawn, declined,"
        "rejected, banned, spammy, off, no, false, expired, paused, stopped, never, denied, churned,"
        "globally unsubscribed, redacted, ended, block, manually unsubscribed, abgemeldet, ausgetragen,"
        "inaktiv, gesperrt, gelöscht, deaktiviert, widerrufen, désabonné, désabonnée, désinscrit,"
        "désinscrite, inactif, bloqué, supprimé, baja, dado de baja, inactivo, disiscritto, cancellato,"
        "uitgeschreven, отписан, gone",
        Word(OUT),
    ),
    **_words(
        "bounced, hard bounced, hard bounce, hardbounce, bounce, bouncing, cleaned, undeliverable,"
        "unzustellbar, rebondi, rebotado,"
        "unreachable, invalid, soft bounced, dead, quarantined, failed, not deliverable, mailbox not found",
        Word(OUT, Reason.BOUNCED),
    ),
    **_words(
        "complained, complaint, spam complaint, spam, marked as spam, reported spam, reported as spam, abuse,"
        "junk, complainer, spam report",
        Word(OUT, Reason.COMPLAINED),
    ),
}
UNMISTAKABLE = STATUS_WORDS.keys() - {
    *(word for word, (standing, _) in STATUS_WORDS.items() if standing == ACTIVE),
    *(
        "no",
        "false",
        "off",
        "left",
        "never",
        "failed",
        "ended",
        "expired",
        "block",
        "dead",
        "invalid",
        "gone",
    ),
    *("unknown", "not set", "requested", "waiting", "draft", "invited", "transactional"),
}
"""Words that tell of somebody who left or never confirmed, in whatever column they stand."""
YES = frozenset(
    {"true", "t", "yes", "y", "on", "x", "ja", "oui", "si", "sí", "sì", "sim", "да", "checked", "enabled"}
    | {"wahr", "vrai", "verdadero", "vero", "verdadeiro", "waar"}
)
_NOES = frozenset({"false", "f", "no", "n", "off", "nein", "non", "never", "nee", "não", "нет"})
_NOES |= {"falsch", "faux", "falso", "onwaar"}
NO = _NOES | {"", "none", "null", "nil", "na", "n a"}
ANSWERS = (YES | _NOES) - {"t", "f", "x"}
"""Words that answer a question: in a column that nobody knows, perhaps whether mail is wanted."""
