"""Tell from a mail server's words who is at fault when a mail was not taken. Pure.

The enhanced status of a reply decides (RFC 3463, RFC 7505, and IANA's registry
of them); where it says nothing, as in `5.0.0` or in plain prose, phrases do that
mail servers are known to use. A sender that is refused is looked for first:
some servers say that with the status of a missing mailbox.
"""

import re
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """The party that must change something before such a mail can be taken."""

    ADDRESS = "address"
    """The mailbox does not exist and never will."""
    MAILBOX = "mailbox"
    """The reader's mailbox exists and takes nothing now: it is full, or not served."""
    SENDER = "sender"
    """Us: the server does not relay for us, or we did not prove who we are."""
    POLICY = "policy"
    """Their rules refuse our mail, or our mail server, for all that we are who we are."""
    REQUEST = "request"
    """The mail itself, or how we spoke."""
    SERVER = "server"
    NETWORK = "network"
    UNKNOWN = "unknown"
    """The words do not tell."""


AGAINST_READER: Final = frozenset({Fault.ADDRESS, Fault.MAILBOX})
"""Faults of the reader's own address."""
GONE_CODES: Final = frozenset(
    {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.9", "5.1.10", "5.2.1", "5.4.4"}
    | {"5.1.351", "5.4.310"}
)
"""No such mailbox or domain, moved, disabled; RFC 7505: takes no mail; 5.4.4: not in the DNS.

The last two are Exchange Online's.
"""
_SENDER_CODES: Final = re.compile(r"[45]\.(?:1\.[78]|7\.(?:[89]|2\d|54|57|60))")
"""A bad sender's address, a log-in, SPF, DKIM, DMARC and ARC; the last three are Exchange Online's."""
_BY_SUBJECT: Final = {
    "1": Fault.MAILBOX,
    "2": Fault.MAILBOX,
    "3": Fault.SERVER,
    "4": Fault.NETWORK,
    "5": Fault.REQUEST,
    "6": Fault.REQUEST,
    "7": Fault.POLICY,
}
ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_SAYS_NOTHING: Final = re.compile(r"\d\.0\.\d+|\d\.[2-5]\.0")
"""Statuses that stand for a failure without saying of what kind."""
_HIDDEN_DIRECTORY: Final = "recipient address rejected: access denied"
"""Exchange Online says so, with 5.4.1, of a mailbox that does not exist."""


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


_NOT: Final = r"(?:\bnot|n't)"
_SENDER_REFUSED: Final = _any_of(
    r"relay(?:ing)?[ -](?:access[ -])?(?:is[ -])?(?:denied|not[ -](?:permitted|allowed)|prohibited|refused)",
    rf"(?:unable|refus\w+|{_NOT}(?: permitted| allowed)?) (?:to )?relay",
    r"not (?:permitted|allowed|authori[sz]ed) to (?:send|submit)",
    r"rcpthosts|no relaying",
    r"sender (?:address )?(?:rejected|refused|denied|blocked|domain|verif\w+ failed)",
    r"sender (?:address )?(?:is )?not (?:allowed|permitted|accepted|authori[sz]ed)",
    r"send as\b|from address\b.{0,40}\b(?:not|unverified|reject)",
    r"(?:authentication|auth|starttls|log ?in)\b.{0,30}\b(?:required|needed|first|failed|mandatory)",
    r"\b(?:spf|dkim|dmarc|arc|ptr|rdns|dnsbl|rbl)\b|reverse (?:dns|lookup)",
    r"unauthenticated|not authenticated|required authentication level",
    r"identit(?:y|ies)\b.{0,30}\b(?:failed|unverified)|email address is not verified|sending domain",
    r"\byour (?:\w+ )?(?:account|domain|subscription)\b.{0,30}\b(?:suspend|disab|block|lock|paus|restrict)",
    r"\b(?:sending|outgoing|outbound|daily|hourly|monthly)\b.{0,30}\b(?:limit|quota|paused|suspended|disabled)",
    r"\b(?:limit|quota)\b.{0,20}\b(?:sending|outgoing|outbound|daily|hourly|monthly)\b|maximum credits",
)
_FULL: Final = _any_of(
    r"receiving (?:e?mail|messages) (?:too quickly|at a rate)",
    r"quota|full mailbox|(?:storage|disk) (?:limit|space)|insufficient (?:system )?storage|exceeded storage",
    r"(?:mail ?box|inbox|folder|account|storage)\b.{0,30}\bfull",
)
_SOMEBODY: Final = r"(?:user|mail ?box|recipient|address|account|alias|addressee|local[ -]part)"
_GONE: Final = _any_of(
    rf"unknown (?:{_SOMEBODY}|local|host|domain)|unrecognized (?:host|domain)",
    rf"{_SOMEBODY}(?: (?:name|address|account))?(?: is)? unknown",
    rf"no such (?:{_SOMEBODY}|person|domain|host|local)",
    rf"(?:invalid|bad|nonexistent|non-existent) (?:{_SOMEBODY}|destination mailbox|host|domain)",
    r"no (?:valid )?(?:mailbox|account|user) (?:here|by that|with that|found|exists)|no mail ?box",
    rf"not a (?:known|valid) {_SOMEBODY}",
    rf"{_SOMEBODY}\b.{{0,80}}?(?:(?:does|did)(?: not|n't) exist|(?:{_NOT} be |{_NOT} |\b)found|notfound)",
    rf"{_SOMEBODY}\b.{{0,80}}?\bno longer (?:\w+ )?(?:exists?|valid|available|active|in use|used|accepts?)",
    rf"{_SOMEBODY}\b.{{0,80}}?\b(?:disabled|discontinued|deactivated|suspended|deleted|closed|terminated)",
    rf"{_SOMEBODY}\b.{{0,80}}?\b(?:inactive|removed)",
    r"(?:does not|doesn't|don't) have an? \S{0,40} ?(?:user|account|mailbox)",
    rf"{_NOT} (?:be )?found at|un(?:routeable|routable) (?:mail )?(?:address|domain)",
    r"mailbox unavailable|recip(?:ient)?notfound|not listed in|no longer (?:with|works|employed)",
    r"(?:host|domain)(?: or domain)?(?: name)? (?:not found|unknown|does not exist|doesn't exist|has no)",
    r"null ?mx|does not accept mail|account that you tried to reach|name or service not known|nxdomain",
    r"does not contain a valid address|is not an address that can be mailed",
)
_DISLIKED: Final = _any_of(
    r"spam|(?:block|black|deny|reject)[ -]?list|\bblocked\b|banned|policy|reputation|content|virus|malware",
    r"phish|not authori[sz]ed|unsolicited|suspicious|too many|rate limit|prohibit|access denied",
)
_ADDRESS: Final = re.compile(
    r"<?(?:\"[^\"\s]{1,64}\"|[^\s<>\"(),:;\[\]@]{1,64})@(?:\[[^\]\s]*\]|[^\s<>\"'(),:;\[\]]+)>?"
)


def fault_of(words: str) -> Fault:
    """Return who is at fault where a mail server answers with these words.

    >>> fault_of("550 5.1.1 <ada@example.net>: User unknown"), fault_of("554 5.7.1 Relay access denied")
    (<Fault.ADDRESS: 'address'>, <Fault.SENDER: 'sender'>)
    """
    said = _ADDRESS.sub(" ", words)
    if _SENDER_REFUSED.search(said):
        return Fault.SENDER
    code = telling_code(said)
    if code == "5.2.1" and _FULL.search(said):
        return Fault.MAILBOX
    if code == "5.4.1" and _HIDDEN_DIRECTORY in said.lower():
        return Fault.ADDRESS
    return fault_of_code(code) if code else _fault_of_prose(said)


def telling_code(words: str) -> str:
    """Return the first enhanced status that says of what kind a failure is, or nothing.

    >>> telling_code("5.0.0 (undefined) smtp; 550 #5.1.1 no")
    '5.1.1'
    """
    found = (code for code in ENHANCED.findall(words) if not _SAYS_NOTHING.fullmatch(code))
    return next(found, "")


def fault_of_code(code: str) -> Fault:
    """Return who is at fault by an enhanced status that says something."""
    if code in GONE_CODES:
        return Fault.ADDRESS
    if _SENDER_CODES.fullmatch(code):
        return Fault.SENDER
    return _BY_SUBJECT.get(code.split(".")[1], Fault.UNKNOWN)


def without_addresses(words: str) -> str:
    """Return a server's words with every mail address taken out, for logs and alerts.

    >>> without_addresses("554 5.7.1 <ada@example.net>: Relay access denied")
    '554 5.7.1 <address>: Relay access denied'
    """
    return _ADDRESS.sub("<address>", words)


def _fault_of_prose(said: str) -> Fault:
    if _FULL.search(said):
        return Fault.MAILBOX
    if _GONE.search(said):
        return Fault.ADDRESS
    if re.match(r"\s*53[0458]\b", said):
        return Fault.SENDER
    if _DISLIKED.search(said):
        return Fault.POLICY
    return Fault.UNKNOWN
