"""What the columns of an import mean, whichever engine wrote them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.subscribers.consent.suppression import Reason


class Role(StrEnum):
    """What a column tells about a person."""

    ADDRESS = "address"
    STATUS = "status"
    """Where the person stands, in a word."""
    STATE = "state"
    """Where the person stands, or where they live: only an unmistakable word counts."""
    ON = "on"
    """Yes or no: whether mail is wanted."""
    CONFIRMED = "confirmed"
    """Yes or no: whether the address was confirmed; empty is no."""
    OFF = "off"
    """Yes or no: whether mail must not be sent."""
    GONE = "gone"
    """When or why mail must not be sent any more; empty where it may."""
    ASKED_AT = "asked at"
    CONFIRMED_AT = "confirmed at"
    CHOICE = "choice"
    """A preference, as our own export names it."""
    NOTHING = "nothing"
    """Known, and of no consequence for consent."""
    UNCLEAR = "unclear"
    """Not known, and named like something that decides whether mail may be sent."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Meaning:
    """What a column says."""

    role: Role
    reason: Reason = Reason.UNSUBSCRIBED
    """For columns of people who left: why."""


@dataclass(frozen=True)
class Column:
    """One column of a file."""

    place: int
    name: str
    """As the file has it."""
    key: str
    """As it is looked up: see `folded`."""
    role: Role
    reason: Reason


def folded(name: str) -> str:
    """Return a column's name as it is looked up: words in lower case, with nothing between them but a blank.

    >>> folded("OPTIN_TIME"), folded("createdAt"), folded(" E-Mail? "), folded("Source (free)")
    ('optin time', 'created at', 'e mail', 'source free')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^\w]+|_", " ", apart.casefold()).split())


def understand(
    names: Iterable[str], known: Mapping[str, Meaning], ignored: Iterable[str]
) -> tuple[Column, ...]:
    """Return what each column means: by `known` of its engine first, then by what many call it.

    Raises `InvalidInputError` where no column, or more than one, holds addresses.
    """
    names = tuple(names)
    keys = tuple(map(folded, names))
    dropped = {folded(name) for name in ignored}
    address = _address_column(names, keys)
    columns = []
    for place, (name, key) in enumerate(zip(names, keys, strict=True)):
        if place == address:
            meaning = Meaning(Role.ADDRESS)
        elif key in dropped or not key:
            meaning = Meaning(Role.NOTHING)
        else:
            meaning = known.get(key) or _MEANINGS.get(key) or Meaning(_guess(key))
        columns.append(Column(place, name, key, meaning.role, meaning.reason))
    return tuple(columns)


def _address_column(names: tuple[str, ...], keys: tuple[str, ...]) -> int:
    for spellings in _ADDRESSES:
        places = [place for place, key in enumerate(keys) if key in spellings]
        if len(places) > 1:
            both = " and ".join(names[place] for place in places)
            raise InvalidInputError(f"More than one column holds addresses: {both}. Keep one of them.")
        if places:
            return places[0]
    found = ", ".join(names).casefold()[:200]
    raise InvalidInputError(f"No column is called address or email, only: {found}. Name one of them so.")


def _guess(key: str) -> Role:
    return Role.UNCLEAR if _SMELLS_OF_CONSENT.search(key) else Role.UNKNOWN


def _each(role: Role, names: str, reason: Reason = Reason.UNSUBSCRIBED) -> dict[str, Meaning]:
    return {" ".join(name.split()): Meaning(role, reason) for name in names.split(",")}


_ADDRESSES = (
    frozenset(
        {"email", "e mail", "email address", "e mail address", "emailaddress", "address email"}
        | {"subscriber email", "member email", "contact email", "user email", "primary email"}
        | {"email adresse", "e mail adresse", "adresse email", "adresse e mail", "correo electronico"}
        | {"correo electrónico", "correo", "courriel", "indirizzo email", "メールアドレス", "邮箱"}
        | {"电子邮件"}
    ),
    frozenset({"mail", "mail address", "mailbox"}),
    frozenset({"address", "subscriber", "member", "recipient"}),
)
"""What the column of addresses is called, the surest names first: an “Address” beside them is a street."""

_SMELLS_OF_CONSENT = re.compile(
    r"status|subscri|\bopt|unsub|bounc|activ|confirm|disabl|enabl|block|black|consent|delet|clean|complain"
    r"|spam|suppress|reject|invalid|deliver|unreach|remov|\bleft\b|\bleav|cancel|permission|gdpr|verif"
    r"|no ?mail|no ?email|do not|\bdnc\b|junk|abuse|paus|allow|accepts|wants|agree|\bdoi\b|churn|ban(ned)?\b"
    r"|revok|withdr|expir|inactiv|abonn|gemeldet|best(ä|ae)tigt|einwillig|inscri|baja\b|\bstop|\bended\b"
    r"|ok to|receiv|newsletter|marketing|mailing\b(?! (address|street|city|state|zip|country))|\bis member\b"
    r"|aktiv|sperr|widerr|zustimm|zugestimmt|gel(ö|oe)scht|schreven|gemeld|is[ck]ritt|descad|cancell|suscri"
    r"|bloqu|supprim|estado|statut|\bstato\b|отпис|подпис|статус|соглас|配信|停止|登録|退订|订阅|구독|수신"
)

_MEANINGS: dict[str, Meaning] = {
    **_each(
        Role.STATUS,
        "status, subscription status, subscriber status, email status, member status, contact status,"
        "marketing status, email marketing status, email subscription status, mailing status,"
        "subscription state, subscriber state, email permission status, subscriber type, delivery status,"
        "email marketing consent, email consent status, list status, user status, confirm status,"
        "opt in status, statut, statut d abonnement, estado, stato, статус, 状态",
    ),
    **_each(Role.STATE, "state"),
    **_each(
        Role.ON,
        "subscribed, is subscribed, subscribed to emails, subscribed to newsletter, newsletter, active,"
        "is active, enabled, is enabled, opt in, optin, opted in, is opted in, has opted in, email opt in,"
        "email optin, email opted in, newsletter opt in, marketing opt in, consent, has consent,"
        "email consent,"
        "marketing consent, consent given, accepts marketing, accepts email marketing, allow emails,"
        "allow email, gdpr, gdpr consent, permission, email permission, email enabled, receive emails,"
        "receives emails, wants email, wants newsletter, mailable, deliverable, ok to mail, ok to email,"
        "aktiv, angemeldet, abonniert, einwilligung, actif, abonné, inscrit, consentement, activo, iscritto,"
        "ingeschreven, подписан",
    ),
    **_each(
        Role.CONFIRMED,
        "confirmed, is confirmed, is this subscriber confirmed, is this user confirmed, verified,"
        "is verified,"
        "email verified, email confirmed, activated, is activated, double opt in, double optin, doi,"
        "opt in confirmed, optin confirmed, address confirmed, address verified, bestätigt, aktiviert,"
        "confirmé, confirmado, confermato",
    ),
    **_each(
        Role.OFF,
        "unsubscribed, is unsubscribed, has unsubscribed, opted out, opt out, optout, is opted out,"
        "has opted out, email opt out, email optout, email opted out, unsubscribed from all,"
        "unsubscribed from all email, email disabled, disabled, is disabled, is this account disabled,"
        "blacklisted, blocklisted, is blacklisted, is blocklisted, is this subscriber blacklisted,"
        "is this user blacklisted, email blacklisted, email blocklisted, blocked, is blocked, banned,"
        "is banned, deleted, is deleted, removed, is removed, archived, suppressed, is suppressed,"
        "globally unsubscribed, global unsubscribe, unsubscribed globally, unsub, unsubscribe,"
        "do not email, do not mail, do not contact, nomail, no mail, no email, inactive, is inactive,"
        "deactivated, left, cancelled, canceled, rejected, stopped, abgemeldet, gesperrt, deaktiviert,"
        "gelöscht, désabonné, désinscrit, baja, disiscritto, uitgeschreven, отписан, 配信停止",
    ),
    **_each(
        Role.OFF,
        "bounced, is bounced, has bounced, hard bounced, hard bounce, is hard bounced, email bounced, bounce,"
        "cleaned, is cleaned, invalid, is invalid, invalid email, undeliverable, is undeliverable,"
        "unreachable, is unreachable, quarantined, email is invalid",
        Reason.BOUNCED,
    ),
    **_each(
        Role.OFF,
        "complained, has complained, complaint, is complained, spam complaint, marked as spam, spam, is spam,"
        "abuse, spam report, reported spam, reported as spam, junk",
        Reason.COMPLAINED,
    ),
    **_each(
        Role.GONE,
        "unsub time, unsub date, unsub at, unsubscribed at, unsubscribed on, unsubscribe date,"
        "unsubscribed date, unsubscribe time, date unsubscribed, unsubscription date, unsubscribed time,"
        "opt out time, opt out date, optout time, optout date, opted out at, opted out on,"
        "email opt out date,"
        "deleted at, deleted on, date deleted, removed at, removed on, date removed, deactivated at,"
        "disabled at, blocked at, blacklisted at, blocklisted at, suppressed at, left at, archived at,"
        "unsub reason, unsub reason other, unsubscribe reason, unsubscription reason, unsubscribed reason,"
        "unsub campaign title, unsub campaign id, opt out reason, optout reason, removal reason,"
        "suppression reason, blacklist reason, deletion reason, abgemeldet am, abmeldedatum, widerrufen am,"
        "deaktiviert am, gesperrt am, date de désinscription, date de désabonnement, désinscrit le,"
        "désabonné le, fecha de baja, descadastrado em",
    ),
    **_each(
        Role.GONE,
        "clean time, cleaned at, clean date, clean campaign title, clean campaign id, bounced at, bounced on,"
        "bounce date, bounce time, bounce reason, bounce type, hard bounced at, hard bounce date,"
        "undeliverability date, undeliverability reason, undeliverable at, invalid at",
        Reason.BOUNCED,
    ),
    **_each(
        Role.GONE,
        "complained at, complained on, complaint date, complaint time, spam reported at, complaint reason,"
        "marked as spam at",
        Reason.COMPLAINED,
    ),
    **_each(
        Role.CONFIRMED_AT,
        "confirmed at, confirm time, confirmation date, confirmation time, confirmed date, confirmed on,"
        "date confirmed, double opt in at, double optin at, double opt in date, double optin date,"
        "double opt in time, opt in confirmed at, verified at, email verified at, activated at,"
        "activation date, confirm date, email confirmed at, bestätigt am, date de confirmation",
    ),
    **_each(
        Role.ASKED_AT,
        "requested at, optin time, opt in time, optin date, opt in date, opted in at, opt in at, optin at,"
        "opt in timestamp, optin timestamp, consent date, consent at, consent time, consent timestamp,"
        "consented at, date of consent, gdpr consent date, gdpr consent at, email opt in date,"
        "subscribed at, subscribed on, subscribe date, subscribed date, subscription date, date subscribed,"
        "subscribe time, subscribed since, signup date, sign up date, signed up at, signed up on, signed up,"
        "signup time, date signed up, joined at, join date, date joined, joined, joined on, member since,"
        "registered at, registration date, date registered, registered on, start date, added at, added on,"
        "added time, date added, added, created at, created on, created, created date, creation date,"
        "creation time, date created, entered, created time, angemeldet am, anmeldedatum, registriert,"
        "registriert am, date d inscription, inscrit le, fecha de alta",
    ),
    **_each(Role.CHOICE, ",".join(Preferences.model_fields).replace("_", " ")),
    **_each(
        Role.NOTHING,
        "id, uuid, name, first name, last name, full name, surname, given name, family name, display name,"
        "nickname, vorname, nachname, prénom, nom, gender, salutation, anrede,"
        "notes, note, description, comment, comments, company, organization, organisation, city, country,"
        "region, street, phone, phone number, title, job title, language, locale,"
        "optin ip, opt in ip, confirm ip, unsub ip, last changed, last active, last activity,"
        "last activity at,"
        "last active at, opt in source, optin source, opt in url, unsubscribe url, unsubscribe link,"
        "unsub url,"
        "confirmation url, confirm url, confirmed from, requested from, subscription source,"
        "subscribe source,"
        "number of bounces, bounce count, bounces, bouncecount, soft bounces, soft bounce count,"
        "bounce score,"
        "sms blacklisted, sms blocklisted, sms opt in, sms opted in, sms opt out, sms consent, sms status,"
        "sms marketing consent, sms subscribed, accepts sms marketing, subscription id, subscriber id,"
        "subscription tier, subscription plan, subscription page, subscribe page, subscription price",
    ),
}
"""Names that say the same in many exports, as `folded` has them."""

BY_SURENESS = {key: place for place, key in enumerate(_MEANINGS)}
"""Of several columns of one role the earlier here is believed: the opt-in's hour before the row's."""
