"""The newsletter engines whose exports are recognised, each by its columns.

Headers and words are those of the engines' own sources and manuals: listmonk
`cmd/subscribers.go`, Ghost `members-csv`, phpList `admin/structure.php`, Keila
`contacts_csv_export.ex`, Buttondown's API reference, beehiiv's API schema,
Mailchimp's and Substack's exports as people publish them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.importing.columns import Meaning, Role, folded
from newsletter.subscribers.importing.words import ACTIVE, OUT, PENDING, Word

_NOTHING = Meaning(Role.NOTHING)
_STATUS = Meaning(Role.STATUS)


@dataclass(frozen=True, eq=False)
class Engine:
    """What one engine's export is known by, and what is special about it."""

    name: str
    needs: frozenset[str] = frozenset()
    """Columns that must all be there."""
    signs: frozenset[str] = frozenset()
    """Columns of which `least` must be there."""
    least: int = 0
    columns: Mapping[str, Meaning] = field(default_factory=dict)
    """Columns that mean something else here than elsewhere."""
    words: Mapping[str, Word] = field(default_factory=dict)
    """Words of its status column that mean something else here, or are its own."""
    confirms: bool = False
    """Whether it writes the hour of every confirmation, so that an empty one says that there was none."""
    caution: str = ""
    """What its export does not tell, and what to do about it."""
    status: frozenset[str] = frozenset()
    """Columns without any of which the export does not tell who left."""

    def wrote(self, keys: frozenset[str]) -> bool:
        """Whether a file with these columns is this engine's."""
        return self.needs <= keys and len(self.signs & keys) >= self.least


def recognise(keys: frozenset[str], file_name: str) -> Engine:
    """Return the engine that wrote a file with these columns, or `OTHER`.

    Mailchimp tells the four kinds of its people apart by the names of its
    files and by a few columns; so does this.
    """
    name = folded(file_name.rpartition(".")[0])
    if left := next((engine for start, engine in _LEFT_FILES.items() if name.startswith(start)), None):
        return left
    found = next((engine for engine in _ENGINES if engine.wrote(keys)), OTHER)
    return _mailchimp_file(keys, file_name.casefold()) if found is MAILCHIMP else found


def _mailchimp_file(keys: frozenset[str], file_name: str) -> Engine:
    name = file_name.replace("-", "").replace("_", "").replace(" ", "")
    if "nonsubscribed" in name or "transactional" in name:
        return NONSUBSCRIBED
    if {"clean time", "clean campaign title", "clean campaign id"} & keys or name.startswith("cleaned"):
        return CLEANED
    if {"unsub time", "unsub reason"} & keys or name.startswith("unsubscribed"):
        return UNSUBSCRIBED
    return MAILCHIMP


def _set(names: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names.split(","))


OTHER = Engine("an unknown engine")
MAILBOXES = Engine(
    "Mailman, or another list of addresses",
    caution="It does not tell who stopped delivery or bounces: leave them out of the list that you import.",
)
OWN = Engine(
    "this newsletter",
    needs=_set("requested at"),
    signs=_set("confirmed at, how, requested from, left at, address"),
    least=1,
    columns={"how": _NOTHING, "confirmed from": _NOTHING, "requested from": _NOTHING},
)
_MAILCHIMP_SIGNS = _set(
    "member rating, optin time, optin ip, confirm time, confirm ip, leid, euid, unsub time, unsub reason,"
    "unsub campaign title, clean time, clean campaign title, gmtoff, dstoff, last changed"
)
MAILCHIMP = Engine("Mailchimp", signs=_MAILCHIMP_SIGNS, least=2, confirms=True)
UNSUBSCRIBED = Engine("Mailchimp (its file of unsubscribed people)")
CLEANED = Engine("Mailchimp (its file of cleaned people)")
NONSUBSCRIBED = Engine("Mailchimp (its file of people who never subscribed)")
_REASON = {"status": _NOTHING, "reason": _NOTHING, "created": Meaning(Role.GONE)}
_OPTED_OUT = Engine("SendGrid (its unsubscribes)", columns=_REASON)
_BOUNCES = Engine("SendGrid (its bounces)", columns=_REASON)
_REPORTS = Engine("SendGrid (its spam reports)", columns=_REASON)
_LEFT_FILES = {
    **dict.fromkeys(["suppression unsubscribe", "suppression group", "suppression global"], _OPTED_OUT),
    **dict.fromkeys(["suppression bounce", "suppression block", "suppression invalid"], _BOUNCES),
    "suppression spam": _REPORTS,
}
"""How SendGrid names its lists of suppressed addresses, whose columns do not say what they are."""
WHOLE_FILE: dict[str, Word] = {
    _OPTED_OUT.name: Word(OUT),
    _BOUNCES.name: Word(OUT, Reason.BOUNCED),
    _REPORTS.name: Word(OUT, Reason.COMPLAINED),
    UNSUBSCRIBED.name: Word(OUT),
    CLEANED.name: Word(OUT, Reason.BOUNCED),
    NONSUBSCRIBED.name: Word(PENDING),
}
"""Files of which everybody stands alike, whatever their cells say besides."""

_LISTMONK = Engine(
    "listmonk",
    needs=_set("uuid, status"),
    signs=_set("attributes, attribs, updated at"),
    least=1,
    words={"disabled": Word(OUT), "blocklisted": Word(OUT)},
    caution="It does not tell who left, or never confirmed, one list alone: export the subscriptions "
    "whose status is confirmed.",
)
_GHOST = Engine("Ghost", needs=_set("subscribed to emails"))
_SUBSTACK = Engine(
    "Substack",
    signs=_set(
        "active subscription, email disabled, stripe plan, paid upgrade date, digest enabled, cancel date,"
        "first payment at, first paid date, bestseller, prefer digests, source free, source paid,"
        "subscription source free, subscription source paid, emails received 6mo, emails dropped 6mo"
    ),
    least=2,
    columns={
        **dict.fromkeys(
            [
                *("active subscription", "expiry", "expiration date", "cancel date", "stripe plan", "plan"),
                *("digest enabled", "prefer digests", "activity", "days active 30d", "subscriptions gifted"),
                *("source free", "source paid", "subscription source free", "subscription source paid"),
                *("emails dropped 6mo", "paid upgrade date", "first paid date", "first payment at"),
            ],
            _NOTHING,  # what is paid for, and what is opened
        ),
        "type": _STATUS,
    },
    words={
        **dict.fromkeys(
            [
                *(
                    "free",
                    "paid",
                    "monthly",
                    "yearly",
                    "annual",
                    "comp",
                    "gift",
                    "founding",
                    "founding member",
                ),
                *("group", "lifetime", "trial", "free trial", "author", "admin", "contributor", "other"),
                *("monthly subscriber", "yearly subscriber", "subscriber", "complimentary", "bestseller"),
            ],
            Word(ACTIVE),
        ),
    },
    status=_set("email disabled, status, unsubscribed at"),
    caution="This file has no column “Email disabled”, so it does not tell who turned the mails off: "
    "export it with all columns.",
)
_BUTTONDOWN_SIGNS = _set(
    "creation date, secondary id, undeliverability date, undeliverability reason, unsubscription date,"
    "churn date, upgrade date, referrer url, metadata, subscriber import id, subscription date"
)
_BUTTONDOWN = Engine(
    "Buttondown",
    needs=_set("type"),
    signs=_BUTTONDOWN_SIGNS,
    least=1,
    columns={
        "type": _STATUS,
        **dict.fromkeys(
            [
                *("churn date", "bounce date", "bounce reason", "last bounce date", "last bounce reason"),
                *("gift subscription message", "gift subscription expiry", "subscriber import id"),
            ],
            _NOTHING,  # the paid plan's; and a bounce that the engine lived with
        ),
    },
    words={
        **dict.fromkeys(
            ["regular", "premium", "gifted", "trialed", "churning", "past due", "paused"], Word(ACTIVE)
        ),
        **dict.fromkeys(["unactivated", "unpaid", "upcoming", "churned"], Word(PENDING)),
        "removed": Word(OUT),
    },
)
_BEEHIIV = Engine(
    "beehiiv",
    needs=_set("status"),
    signs=_set(
        "subscription tier, subscription premium tier names, utm channel, referring site, referral code,"
        "acquisition source, tier, subscription premium tiers, referrals made, referral count"
    ),
    least=1,
    columns={"stripe subscription id": _NOTHING, "subscription premium tier names": _NOTHING}
    | {"subscription premium tiers": _NOTHING},
)
_KEILA = Engine(
    "Keila",
    needs=_set("first name, last name, data"),
    status=_set("status"),
    caution="This file has no column “Status”, so it does not tell who left: export it with a newer Keila.",
)
_PHPLIST = Engine(
    "phpList",
    signs=_set(
        "is this subscriber confirmed, is this user confirmed, is this subscriber blacklisted,"
        "is this user blacklisted, is this account disabled, list membership,"
        "send this subscriber html emails,"
        "send this user html emails, htmlemail, foreignkey, foreign key, bouncecount, optedin, blacklisted,"
        "did this subscriber manually confirm, did this user manually confirm, number of bounces, confirmed"
    ),
    least=2,
    columns=dict.fromkeys(
        [
            *("optedin", "did this subscriber manually confirm", "did this user manually confirm"),
            *("send this subscriber html emails", "send this user html emails", "htmlemail"),
            *("number of bounces on this user", "subscribepage", "blacklist data"),
        ],
        _NOTHING,
    ),
    status=_set(
        "confirmed, is this subscriber confirmed, is this user confirmed, blacklisted, "
        "is this subscriber blacklisted, is this user blacklisted"
    ),
    caution="This file tells neither who confirmed nor who is blacklisted: export it with these columns.",
)
_MAILMAN = Engine(
    "Mailman",
    signs=_set(
        "delivery mode, delivery status, subscription mode, moderation action, list id, member id, role,"
        "acknowledge posts, hide address, nomail, not metoo, nodupes, digest, plain, ack"
    ),
    least=2,
    columns={
        "role": _STATUS,
        **dict.fromkeys(["subscription mode", "delivery mode", "bounce score"], _NOTHING),
        "last bounce received": _NOTHING,
        "last warning sent": _NOTHING,
        "delivery status at": _NOTHING,
    },
    words={
        **dict.fromkeys(["member", "owner", "moderator"], Word(ACTIVE)),
        "nonmember": Word(PENDING),
        "unknown": Word(PENDING),
        **dict.fromkeys(["by user", "by moderator", "by owner", "u", "a"], Word(OUT)),
        **dict.fromkeys(["by bounces", "by bounce", "b"], Word(OUT, Reason.BOUNCED)),
    },
)
_ENGINES = (
    OWN,
    MAILCHIMP,
    _LISTMONK,
    _GHOST,
    _SUBSTACK,
    _KEILA,
    _PHPLIST,
    _MAILMAN,
    _BUTTONDOWN,
    replace(_BUTTONDOWN, needs=_set("subscriber type")),
    _BEEHIIV,
)
