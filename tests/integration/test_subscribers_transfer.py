"""Lists come in without harm and go out without loss."""

import io
import json
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from signups import NOON, Signups

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences, SubscriberStatus
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import transfer
from newsletter.subscribers.consent import signup, suppression
from newsletter.subscribers.consent.suppression import Reason
from newsletter.subscribers.importing.plan import import_csv
from newsletter.subscribers.importing.report import ImportReport
from newsletter.subscribers.importing.table import _text
from newsletter.subscribers.schedule import Slot

OUTSIDE = (Reason.BOUNCED, Reason.COMPLAINED, Reason.UNSUBSCRIBED)
"""What a provider or another engine says of an address."""


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def bring(list_: Signups, lines: str | Iterable[str], *, confirmed: bool = True) -> ImportReport:
    """Import a file whose lines default to 7:00 UTC."""
    return import_csv(
        list_.store,
        lines.splitlines(keepends=True) if isinstance(lines, str) else lines,
        confirmed=confirmed,
        defaults=Preferences(),
        now=list_.now,
    )


def exported(list_: Signups) -> str:
    """Return the whole list as CSV."""
    out = io.StringIO()
    transfer.export_csv(transfer.everybody(list_.store), out)
    return out.getvalue()


BROKEN: list[tuple[str, str]] = [
    ("not-an-address,7,UTC,", "@-sign"),
    (",7,UTC,", "@-sign"),
    ("broken{n}@example.org,25,UTC,", "hour '25'"),
    ("broken{n}@example.org,seven,UTC,", "hour 'seven'"),
    ("broken{n}@example.org,7,Mars/Olympus,", "Mars/Olympus"),
    ("broken{n}@@example.org,7,UTC,", "@-sign"),
    ("broken{n}@example.org,7,UTC,,extra", "5 values for 4 columns"),
    ("broken{n}@example.org,7,UTC," + "x" * 121, "120 characters"),
    ("broken{n}@example.org,7,UTC,\x00\udcff", "UTF-8"),
    ("broken{n}@example.org,7,UTC," + "x" * 70_000, "CSV file"),
]


def test_of_a_file_with_a_tenth_of_its_lines_broken_the_rest_is_imported(list_: Signups) -> None:
    """Each broken line is named with its number and its fault; the nine in ten beside them are all there."""
    lines, broken = ["address,hour,timezone,topics\n"], {}
    for n in range(1000):
        if n % 10 == 3:
            text, fault = BROKEN[n // 10 % len(BROKEN)]
            broken[len(lines) + 1] = fault
            lines.append(text.format(n=n) + "\n")
        else:
            lines.append(f'reader{n}@example.org,{n % 24},Europe/Berlin,"RL; agents, really"\n')
    report = bring(list_, lines)
    assert (report.active, len(report.faults)) == (900, 100)
    assert [fault.line for fault in report.faults] == list(broken)
    for fault in report.faults:
        assert broken[fault.line] in fault.reason, fault
    assert list_.subscribers.by_status()[SubscriberStatus.ACTIVE] == 900
    assert len(list_.subscribers.ids_due(Slot("Europe/Berlin", 6))) == sum(
        1 for n in range(1000) if n % 24 == 6 and n % 10 != 3
    )
    reader = list_.subscribers.find("reader999@example.org")
    assert reader is not None
    assert reader.preferences == Preferences(
        hour=15, timezone="Europe/Berlin", topics=("RL", "agents, really")
    )
    assert "broken" not in exported(list_)


def test_suppressions_win_over_every_import(list_: Signups) -> None:
    """Bounced, complained, unsubscribed, erased and rejected people stay out, vouched for or not."""
    for reason in OUTSIDE:
        suppression.suppress(list_.store, f"{reason}-unknown@example.org", reason, now=list_.now)
        list_.join(f"{reason}@example.org", origin="192.0.2.1")
        suppression.suppress(list_.store, f"{reason}@example.org", reason, now=list_.now)
    signup.erase(list_.store, list_.join("erased@example.org"), list_.now)
    list_.ask("rejected@example.org")
    signup.reject(list_.store, list_.settings, list_.token("reject", "rejected@example.org"), list_.now)
    list_.join("left@example.org")
    list_.leave("left@example.org")
    people = [
        *(f"{reason}{known}@example.org" for reason in OUTSIDE for known in ("", "-unknown")),
        "erased@example.org",
        "rejected@example.org",
        "LEFT@example.org",
    ]
    waiting = list_.mail()
    for confirmed in (True, False):
        report = bring(list_, "\n".join(people), confirmed=confirmed)
        assert (report.active, report.pending, report.faults) == (0, 0, [])
    assert list_.subscribers.by_status()[SubscriberStatus.ACTIVE] == 0
    assert list_.mail() == waiting


def test_without_proof_of_consent_everybody_is_asked(list_: Signups) -> None:
    """Each gets an invitation, whatever the caps of the form, and is active after pressing its button."""
    report = bring(list_, "\n".join(f"r{n}@example.org" for n in range(30)), confirmed=False)
    assert (report.active, report.pending) == (0, 30)
    assert [kind for kind, _ in list_.mail()] == ["invitation"] * 30
    list_.press(list_.token("confirm", "r7@example.org"))
    assert list_.subscribers.by_status()[SubscriberStatus.ACTIVE] == 1


def test_an_import_keeps_how_and_when_consent_was_given(list_: Signups) -> None:
    """The file's instants are kept; where it has none, the import's own."""
    bring(
        list_,
        "email;requested_at;confirmed_at\n"
        "ada@example.org;2024-03-01T10:00:00Z;2024-03-01T10:05:00+00:00\n"
        "alan@example.org;;\n",
    )
    ada, alan = list_.subscribers.find("ada@example.org"), list_.subscribers.find("alan@example.org")
    assert ada is not None
    assert alan is not None
    assert (ada.consent.how, ada.consent.requested_from) == ("import", "")
    assert (ada.consent.confirmed_at or NOON) - (ada.consent.requested_at or NOON) == timedelta(minutes=5)
    assert alan.consent.requested_at == alan.consent.confirmed_at == NOON


def test_importing_again_changes_nothing(list_: Signups) -> None:
    """Half a file imported, then all of it: nobody is there twice, and nobody's choices are reset."""
    bring(list_, "address,hour\nada@example.org,6\n")
    before = list_.everything()
    report = bring(list_, "address,hour\nADA@Example.org,9\nada@example.org,10\n")
    assert (report.active, report.known) == (0, 1)
    assert list_.everything() == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ada@example.org\nalan@example.org\n", id="no-header"),
        pytest.param("Name;E-Mail;Notes\nAda;ada@example.org;x\nAlan;alan@example.org;\n", id="semicolons"),
        pytest.param("email\tname\r\nada@example.org\tAda\r\nalan@example.org\tAlan\r\n", id="tabs-and-crlf"),
        pytest.param('\n\n"Email Address"\n\nada@example.org\n\n" alan@example.org "\n', id="blank-lines"),
    ],
)
def test_files_of_other_makers_are_read(list_: Signups, text: str) -> None:
    """With or without a header, whatever separates the columns, whatever else stands there."""
    report = bring(list_, text)
    assert (report.active, report.faults) == (2, [])
    assert list_.subscribers.find_id("alan@example.org")


def test_who_left_another_service_is_kept_out_of_this_one(list_: Signups) -> None:
    """A file's own word for it becomes a suppression; who never confirmed there is asked here."""
    report = bring(
        list_,
        "email,status\na@example.org,subscribed\nb@example.org,Unsubscribed\nc@example.org,cleaned\n"
        "d@example.org,complained\ne@example.org,pending\n",
    )
    assert (report.active, report.pending, report.suppressed, report.faults) == (1, 1, 3, [])
    assert suppression.find(list_.store, "b@example.org")


def test_a_file_without_addresses_is_refused_whole(list_: Signups) -> None:
    """Before anything is kept, with the names of the columns that are there."""
    with pytest.raises(InvalidInputError, match=r"only: name, phone\. Name one"):
        bring(list_, "name,phone\nAda,1\n")
    assert list_.everything() == {}


@pytest.mark.parametrize("text", ["", "\n\n", "address\n"], ids=["empty", "blank", "header-alone"])
def test_a_file_of_nobody_does_nothing(list_: Signups, text: str) -> None:
    """It is no fault either."""
    assert bring(list_, text) == ImportReport()


def test_an_export_comes_in_again(
    list_: Signups, make_settings: Callable[..., Settings], store: Store
) -> None:
    """Choices, consent and who left survive the way into an empty server."""
    list_.join(
        "ada@example.org", hour=6, timezone="Asia/Tokyo", topics=("RL", "=cmd"), muted=("'@x",), limit=5
    )
    list_.join("+alan=tag@example.org", frequency="weekly", format="text")
    list_.ask("pending@example.org")
    list_.join("gone@example.org", origin="192.0.2.1")
    list_.leave("gone@example.org")
    before = {reader.address: reader.whole() for reader in list_.subscribers.iterate()}
    text = exported(list_)
    store.flushall()
    report = bring(list_, text)
    assert (report.active, report.pending, report.suppressed, report.faults) == (2, 1, 1, [])
    assert report.ignored_columns == ()
    for reader in list_.subscribers.iterate():
        assert reader.preferences == before[reader.address].preferences
        assert reader.consent.confirmed_at == before[reader.address].consent.confirmed_at
    assert suppression.find(store, "gone@example.org")


cells = st.text("=+-@'\t\" ;,|äb1", max_size=6)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells)
def test_no_exported_cell_is_a_formula_and_each_is_read_back(cell: str) -> None:
    """What a spreadsheet would run begins with an apostrophe, and importing takes just that away."""
    written = transfer._cell(cell.strip())
    assert not written.startswith(("=", "+", "-", "@", "\t"))
    assert _text(written) == cell.strip()


def test_an_export_as_json_holds_everything(list_: Signups) -> None:
    """One array, an object a reader, instants in UTC."""
    list_.join("ada@example.org", topics=("RL",))
    list_.leave("ada@example.org")
    out = io.StringIO()
    assert transfer.export_json(transfer.everybody(list_.store), out) == 1
    (ada,) = json.loads(out.getvalue())
    assert (ada["address"], ada["status"], ada["topics"]) == ("ada@example.org", "unsubscribed", ["RL"])
    assert ada["left_at"] == ada["confirmed_at"] == "2026-06-10T12:00:00Z"
    assert set(ada) == set(transfer.COLUMNS)
