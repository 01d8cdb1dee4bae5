"""A reader as the demo plays one: fills in the form, opens the mail, follows the link. Over HTTP alone."""

import email
import email.policy
import re
import time
from collections.abc import Callable
from email.message import EmailMessage
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

from newsletter.errors import NewsletterError, TransientError

LOOK_EVERY_SECONDS = 0.05
REFUSED = 422
"""The site's answer to a form that it wants filled in again."""


class Reader:
    """One person with a browser that keeps cookies and runs no scripts."""

    def __init__(self, address: str, base_url: str) -> None:
        self.address = address
        self._base_url = base_url
        # no proxy: what the demo does stays on the loopback, whatever the environment says
        self._browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

    def can_reach_the_site(self) -> bool:
        """Whether the site answers."""
        try:
            self._browser.open(f"{self._base_url}/readyz", timeout=5).close()
        except (URLError, TimeoutError, ConnectionError):
            return False
        return True

    def subscribe(self, timezone: str, patience: Callable[[], None]) -> None:
        """Fill in the landing page's form and send it; `patience` passes while a person would type.

        Raises `NewsletterError` with the site's own words where it refuses.
        """
        form = _Form.on(self._get("/"))
        patience()
        answers = form.fields | {"email": self.address, "timezone": timezone}
        self._post(form.action, answers)

    def confirm(self, link: str) -> None:
        """Open the link of the confirmation mail, in the browser that filled in the form."""
        self._get(link.removeprefix(self._base_url))

    def _get(self, path: str) -> str:
        with self._browser.open(self._base_url + path, timeout=10) as answer:
            return str(answer.read().decode())

    def _post(self, path: str, fields: dict[str, str]) -> None:
        try:
            self._browser.open(self._base_url + path, urlencode(fields).encode(), timeout=10).close()
        except HTTPError as error:
            said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", error.read().decode())).strip()
            if error.code == REFUSED:
                raise NewsletterError(f"The site refuses {self.address}. It says: {said[-300:]}") from error
            raise TransientError(f"The site answered {error.code} to the form: {said[:300]}") from error


class _Form(HTMLParser):
    """The sign-up form of a page: where it goes, and what it holds before anybody typed."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._select = ""

    @classmethod
    def on(cls, page: str) -> "_Form":
        form = cls()
        form.feed(page)
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a browser would send: hidden values and chosen options."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action and said.get("method", "").lower() == "post":
            self.action = said.get("action", "")
        elif tag == "input" and said.get("type") == "hidden":
            self.fields[said["name"]] = said.get("value", "")
        elif tag == "select":
            self._select = said.get("name", "")
        elif tag == "option" and self._select and "selected" in said:
            self.fields[self._select] = said.get("value", "")


def mails_in(outbox: Path) -> dict[Path, EmailMessage]:
    """Return the mails in a folder and below, oldest first."""
    files = sorted(outbox.rglob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    return {file: _read(file) for file in files}


def link_in(mail: EmailMessage, part_of_path: str) -> str:
    """Return the first link of a mail whose path holds `part_of_path`."""
    text = mail.get_body(("plain",))
    found = re.search(rf"https?://\S*{re.escape(part_of_path)}\S*", text.get_content() if text else "")
    if not found:
        raise NewsletterError(f"The mail {mail['Subject']!r} holds no link with {part_of_path}.")
    return found[0].rstrip(".,>)")


T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], seconds: float, alive: Callable[[], None]) -> T:
    """Look until something is there, and return it. `alive` raises where waiting has become pointless."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        alive()
        time.sleep(LOOK_EVERY_SECONDS)
    raise TransientError(f"{what} did not come within {seconds:.0f} s. Try again.")


def _read(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
