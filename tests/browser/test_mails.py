"""Mails in a browser, and before the tools that know what mail clients cannot do."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import golden_mails
import pytest

pytestmark = pytest.mark.browser

PHONE = 375
NOT_FOR_MAILS = {
    "landmark-one-main": {"enabled": False},
    "region": {"enabled": False},
    "bypass": {"enabled": False},
}
"""Rules for pages; a mail is shown within somebody else's page."""

UNSUPPORTED = {
    "@media": "dark colours and narrow edges; without them the mail is light and its edges wide",
    "<style> element": "holds those rules alone",
    "<body> element": "its colours stand again on the element within it",
    "lang attribute": "stands on html and again on the first element",
    "role attribute": "tables read as data where it is dropped; their order still makes sense",
    "aria-label attribute": "sparklines repeat what the words beside them say",
    "width attribute": "style says the same",
    "height property": "is line-height, taken for it",
    "text-decoration": "the one value left out there is not used",
    "word-break": "a word longer than a phone is wide is cut off there",
    "white-space": "a number may part from its sign there",
}
"""What some clients lack, and what their readers see instead."""
INVALID = {
    "no-inline-style": "mail clients keep styles on elements alone",
    "no-deprecated-attr": "Outlook on Windows takes the layout from attributes",
    "no-conditional-comment": "Outlook on Windows knows no max-width; it gets a table of 640 px",
}
"""Rules for pages that a mail must break."""


@pytest.fixture(scope="module")
def phone(chromium):
    """Yield one page for all mails; a page of its own costs more than the test."""
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def page(phone):
    """Return the page as a phone in daylight shows it."""
    phone.set_viewport_size({"width": PHONE, "height": 900})
    phone.emulate_media(color_scheme="light")
    return phone


@pytest.mark.parametrize("name", golden_mails.NAMES)
def test_a_mail_reads_well_for_everybody(page, axe, name):
    """axe-core finds no violation and no contrast it could not decide: light and dark, wide and narrow."""
    page.set_content(golden_mails.html(name))
    page.evaluate(axe)
    found = [page.evaluate("rules => axe.run(document, {rules})", NOT_FOR_MAILS)]
    for width in (600, PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found.append(page.evaluate("axe.run(document, {runOnly: ['color-contrast']})"))
    assert all(one["passes"] for one in found)
    for one in found:
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in one["violations"]] == []
        undecided = [fault for fault in one["incomplete"] if fault["id"] == "color-contrast"]
        assert [node["html"] for fault in undecided for node in fault["nodes"]] == []


@pytest.mark.parametrize("name", golden_mails.NAMES)
def test_a_mail_fits_every_screen_and_fetches_nothing(page, name):
    """Nothing is cut off or scrolled sideways from a desktop to the smallest phone; no request leaves."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_content(golden_mails.html(name))
    for width in (1280, 600, PHONE, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert requests == []


def test_a_dark_screen_gets_a_dark_mail(page):
    """Every cell of text is darkened together with its text; none is left bright."""
    page.emulate_media(color_scheme="dark")
    page.set_content(golden_mails.html("day"))
    backgrounds = page.evaluate(
        "[...document.querySelectorAll('td')].map(cell => getComputedStyle(cell).backgroundColor)"
    )
    assert {"rgb(17, 17, 17)", "rgb(27, 26, 25)"} == set(backgrounds)


def test_mails_use_nothing_that_clients_lack_without_a_reason(node_modules):
    """caniemail, email-comb and html-validate have nothing against a mail but what is listed here."""
    mails = [golden_mails.html(name) for name in golden_mails.NAMES]
    answer = subprocess.run(
        ["node", Path(__file__).with_name("check_mails.mjs")],
        input=json.dumps(mails),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    lacking: dict[str, set[str]] = defaultdict(set)
    for name, found in zip(golden_mails.NAMES, json.loads(answer), strict=True):
        for feature, client in found["unsupported"]:
            lacking[feature].add(client)
        assert found["unused"] == [], name
        assert {rule for rule, _ in found["invalid"]} == set(INVALID), name
    assert lacking.keys() == UNSUPPORTED.keys()
