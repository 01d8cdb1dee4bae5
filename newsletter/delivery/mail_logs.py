"""Read from a mail server's log which mails it took over. Pure.

A mail is named by its Message-ID, which is the same however often it is sent.
Postfix tells it before the mail is whole, so there only a line of the queue
manager or of a delivery behind it proves that the mail was taken.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_NAMED: Final = re.compile(r": ([0-9A-Za-z]{5,}): message-id=<([^<>\s]+)>")
_QUEUED: Final = re.compile(
    r": ([0-9A-Za-z]{5,}): (?:from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)|to=<)"
)
_REMOVED: Final = re.compile(r": ([0-9A-Za-z]{5,}): removed\b")
_EXIM: Final = re.compile(r" [0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} <= .*? id=([^<>\s]+)")
_SENDMAIL: Final = re.compile(r": from=.*, nrcpts=[1-9]\d*, msgid=<([^<>\s]+)>")


def accepted(lines: Iterable[str]) -> Iterator[str]:
    """Yield the Message-ID of each mail that a log of Postfix, Exim or sendmail shows as taken over.

    >>> list(accepted([
    ...     "Jun 10 07:00:01 mx postfix/cleanup[9]: E5E2F2: message-id=<2026-06-10.7@papers.example>",
    ...     "Jun 10 07:00:01 mx postfix/qmgr[8]: E5E2F2: from=<p@x.example>, size=9, nrcpt=1 (queue active)",
    ... ]))
    ['2026-06-10.7@papers.example']
    """
    named: dict[str, str] = {}
    for line in lines:
        if found := _NAMED.search(line):
            named[found[1]] = found[2]
        elif (found := _QUEUED.search(line)) and found[1] in named:
            yield named.pop(found[1])
        elif found := _REMOVED.search(line):
            named.pop(found[1], None)
        elif found := _EXIM.search(line) or _SENDMAIL.search(line):
            yield found[1]
