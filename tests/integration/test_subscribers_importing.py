"""Exports of other engines, with their own headers and words: who becomes a reader, and who never."""

import io
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from signups import NOON, Signups

from newsletter.errors import InvalidInputError
from newsletter.models import Preferences
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers import transfer
from newsletter.subscribers.consent import suppression
from newsletter.subscribers.importing.plan import Plan, import_csv
from newsletter.subscribers.importing.report import ImportReport
from newsletter.subscribers.importing.table import bounded_lines, open_text

MAY = date(2024, 5, 2)
"""When everybody in these files signed up, where the engine tells."""
SHARED = Path(__file__).parents[3] / "shared" / "data" / "cases" / "imports"


@pytest.fixture
def list_(store: Store, settings: Settings) -> Signups:
    """An empty list."""
    return Signups(store, settings)


def bring(
    list_: Signups,
    file: str | bytes,
    *,
    confirmed: bool = True,
    name: str = "list.csv",
    ignored: Iterable[str] = (),
) -> ImportReport:
    """Import a file as the command line does, without being asked."""
    binary = io.BytesIO(file.encode() if isinstance(file, str) else file)
    with open_text(binary) as text:
        return import_csv(
            list_.store,
            bounded_lines(text),
            confirmed=confirmed,
            defaults=Preferences(),
            now=list_.now,
            file_name=name,
            ignored=ignored,
        )


def engine_of(list_: Signups, file: str, name: str = "list.csv") -> str:
    """Return whose export a file is said to be."""
    with Plan(list_.store, confirmed=True, now=NOON) as plan:
        plan.read(io.StringIO(file), name, Preferences(), ())
        return plan.engine


def became(list_: Signups, address: str) -> str:
    """Return what an address is here: a status, else why it is suppressed, else nothing."""
    reader, kept = list_.subscribers.find(address), suppression.find(list_.store, address)
    return str(kept.reason.value) if kept else reader.status.value if reader else ""


MAILCHIMP = (
    "Email Address,First Name,Last Name,Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,"
)
MAILCHIMP_ROW = (
    '{}@example.org,Ada,L.,"1 Road, Town",2,2024-05-02 10:11:12,192.0.2.1,{},192.0.2.1,,,,,Europe/Paris,,,,'
)
SUBSTACK = (
    "Email,Type,Stripe plan,Cancel date,Start date,Paid upgrade date,Email disabled,Digest enabled,Activity\n"
)
PHPLIST = (
    "id\tEmail\tIs this subscriber confirmed\tIs this subscriber blacklisted"
    "\tDid this subscriber manually confirm\tNumber of bounces\tEntered\tLast Modified"
    "\tIs this account disabled?\tList Membership\n"
)

ENGINES = [
    pytest.param(
        "listmonk",
        "list.csv",
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        'a1,ada@example.org,Ada,"{""city"": ""Bengaluru"", ""n"": 1}",enabled,2024-05-02 10:11:12.1+00,x\n'
        "a2,blocked@example.org,B,{},blocklisted,2024-05-02 10:11:12.1+00,x\n"
        "a3,off@example.org,O,{},disabled,2024-05-02 10:11:12.1+00,x\n",
        {"ada": "active", "blocked": "unsubscribed", "off": "unsubscribed"},
        id="listmonk",
    ),
    pytest.param(
        "Ghost",
        "members.csv",
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,"
        "labels,tiers,gift_id\r\n"
        "1,ada@example.org,Ada,,true,,,2024-05-02T10:11:12.000Z,,vip,,\r\n"
        "2,left@example.org,Left,,false,,,2024-05-02T10:11:12.000Z,,,,\r\n"
        "3,deleted@example.org,Del,,true,,,2024-05-02T10:11:12.000Z,2025-01-02T03:04:05.000Z,,,\r\n"
        '4,noted@example.org,Note,"met there:\r\nbob@example.com, a friend",true,,,'
        "2024-05-02T10:11:12.000Z,,,,\r\n",
        {"ada": "active", "left": "unsubscribed", "deleted": "unsubscribed", "noted": "active"},
        id="ghost",
    ),
    pytest.param(
        "Mailchimp",
        "subscribed_segment_export_1.csv",
        MAILCHIMP
        + "LEID,EUID,NOTES,TAGS\n"
        + MAILCHIMP_ROW.format("ada", "2024-05-02 10:11:12")
        + '1,e,,"""vip"""\n'
        + MAILCHIMP_ROW.format("unproven", "")
        + "1,e,,\n",
        {"ada": "active", "unproven": "pending"},
        id="mailchimp-subscribed",
    ),
    pytest.param(
        "Mailchimp (its file of unsubscribed people)",
        "unsubscribed_segment_export_1.csv",
        MAILCHIMP
        + "UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID\n"
        + MAILCHIMP_ROW.format("left", "2024-05-02 10:11:12")
        + "2025-01-02 03:04:05,May news,9,NORMAL,,1,e\n"
        + MAILCHIMP_ROW.format("angry", "2024-05-02 10:11:12")
        + "2025-01-02 03:04:05,May news,9,ABUSE,,1,e\n"
        + MAILCHIMP_ROW.format("undated", "2024-05-02 10:11:12")
        + ",,,,,1,e\n",
        {"left": "unsubscribed", "angry": "complained", "undated": "unsubscribed"},
        id="mailchimp-unsubscribed",
    ),
    pytest.param(
        "Mailchimp (its file of cleaned people)",
        "x.csv",
        MAILCHIMP
        + "CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID\n"
        + MAILCHIMP_ROW.format("gone", "2024-05-02 10:11:12")
        + "2025-01-02 03:04:05,May news,9,1,e\n",
        {"gone": "bounced"},
        id="mailchimp-cleaned",
    ),
    pytest.param(
        "Mailchimp (its file of people who never subscribed)",
        "nonsubscribed_segment_export_1.csv",
        MAILCHIMP + "LEID,EUID\n" + MAILCHIMP_ROW.format("buyer", "2024-05-02 10:11:12") + "1,e\n",
        {"buyer": "pending"},
        id="mailchimp-nonsubscribed",
    ),
    pytest.param(
        "Substack",
        "list.csv",
        SUBSTACK + "ada@example.org,Free,,,2024-05-02T10:11:12.000Z,,,false,3\n"
        "paid@example.org,Yearly,yearly,2025-01-02T03:04:05.000Z,2024-05-02T10:11:12.000Z,,false,true,5\n"
        "left@example.org,free,,,2024-05-02T10:11:12.000Z,,true,false,0\n",
        {"ada": "active", "paid": "active", "left": "unsubscribed"},
        id="substack",
    ),
    pytest.param(
        "Substack",
        "email_list.papers.csv",
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n"
        "ada@example.org,false,,other,false,2024-05-02T10:11:12.000Z,\n"
        "left@example.org,true,2027-01-01,yearly,true,2024-05-02T10:11:12.000Z,\n",
        {"ada": "active", "left": "unsubscribed"},
        id="substack-before-2024",
    ),
    pytest.param(
        "Buttondown",
        "list.csv",
        "email,type,creation_date,tags\n"
        "ada@example.org,regular,2024-05-02T10:11:12Z,vip\nwaits@example.org,unactivated,2024-05-02T10:11:12Z,\n"
        "left@example.org,unsubscribed,2024-05-02T10:11:12Z,\nangry@example.org,complained,2024-05-02T10:11:12Z,\n"
        "gone@example.org,undeliverable,2024-05-02T10:11:12Z,\nspam@example.org,spammy,2024-05-02T10:11:12Z,\n"
        "paid@example.org,premium,2024-05-02T10:11:12Z,\nbad@example.org,blocked,2024-05-02T10:11:12Z,\n",
        {
            "ada": "active",
            "paid": "active",
            "waits": "pending",
            "left": "unsubscribed",
            "angry": "complained",
            "gone": "bounced",
            "spam": "unsubscribed",
            "bad": "unsubscribed",
        },
        id="buttondown",
    ),
    pytest.param(
        "Buttondown",
        "list.csv",
        "email_address,subscriber_type,creation_date,unsubscription_date,last_bounce_date\n"
        "ada@example.org,regular,2024-05-02T10:11:12Z,,2024-06-02T10:11:12Z\n"
        "left@example.org,regular,2024-05-02T10:11:12Z,2024-07-02T10:11:12Z,\n",
        {"ada": "active", "left": "unsubscribed"},
        id="buttondown-api",
    ),
    pytest.param(
        "beehiiv",
        "list.csv",
        "Email,Status,Created At,Subscription Tier,UTM Source,UTM Channel,Referral Code\n"
        "ada@example.org,active,2024-05-02T10:11:12Z,free,,organic,x\n"
        "left@example.org,Inactive,2024-05-02T10:11:12Z,free,,,x\nbad@example.org,invalid,,free,,,x\n"
        "waits@example.org,pending,,free,,,x\nnew@example.org,validating,,free,,,x\n"
        "later@example.org,Needs Approval,,free,,,x\n",
        {
            "ada": "active",
            "left": "unsubscribed",
            "bad": "bounced",
            "waits": "pending",
            "new": "pending",
            "later": "pending",
        },
        id="beehiiv",
    ),
    pytest.param(
        "Keila",
        "contacts_np_1.csv",
        "Email,First name,Last name,Data,Status\n"
        'ada@example.org,Ada,L,"{""a"":1}",active\nleft@example.org,L,,,unsubscribed\n'
        "gone@example.org,G,,,unreachable\n",
        {"ada": "active", "left": "unsubscribed", "gone": "bounced"},
        id="keila",
    ),
    pytest.param(
        "phpList",
        "list.csv",
        PHPLIST + "1\tada@example.org\t1\t0\t0\t2\t2024-05-02 10:11:12\t2024-05-02 10:11:12\t0\tnews \n"
        "2\twaits@example.org\t0\t0\t0\t0\t2024-05-02 10:11:12\t\t0\tnews \n"
        "3\tleft@example.org\t1\t1\t1\t0\t2024-05-02 10:11:12\t\t0\tNo Lists\n"
        "4\toff@example.org\t1\t0\t1\t0\t2024-05-02 10:11:12\t\t1\tnews \n",
        {"ada": "active", "waits": "pending", "left": "unsubscribed", "off": "unsubscribed"},
        id="phplist",
    ),
    pytest.param(
        "phpList",
        "list.csv",
        "email,confirmed,blacklisted,optedin,bouncecount,entered\n"
        "ada@example.org,1,0,0,0,2024-05-02 10:11:12\n"
        "waits@example.org,0,0,0,0,2024-05-02 10:11:12\nleft@example.org,1,1,0,0,2024-05-02 10:11:12\n",
        {"ada": "active", "waits": "pending", "left": "unsubscribed"},
        id="phplist-table",
    ),
    pytest.param(
        "Mailman, or another list of addresses",
        "members.txt",
        'Ada Lovelace <ada@example.org>\n\n"Babbage, Charles" <charles@example.org>\nalan@example.org\n'
        " mailto:grace@example.org \n",
        {"ada": "active", "charles": "active", "alan": "active", "grace": "active"},
        id="mailman-list",
    ),
    pytest.param(
        "Mailman",
        "list.csv",
        "email,display_name,role,delivery_mode,delivery_status\nada@example.org,Ada,member,regular,enabled\n"
        "gone@example.org,,member,regular,by_bounces\naway@example.org,,member,regular,by_user\n"
        "writer@example.org,,nonmember,regular,enabled\n",
        {"ada": "active", "gone": "bounced", "away": "unsubscribed", "writer": "pending"},
        id="mailman-3",
    ),
    pytest.param(
        "an unknown engine",
        "list.csv",
        "EMAIL;LASTNAME;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME\n"
        "ada@example.org;L;No;Yes;2024-05-02 10:11:12\nleft@example.org;M;Yes;No;2024-05-02 10:11:12\n",
        {"ada": "active", "left": "unsubscribed"},
        id="brevo",
    ),
    pytest.param(
        "an unknown engine",
        "list.csv",
        "E-mail,Opt-in,Hard bounce,Unsubscribed at\nada@example.org,yes,0,\nunasked@example.org,,0,\n"
        "never@example.org,no,0,\ngone@example.org,yes,1,\nleft@example.org,yes,0,2025-01-02\n",
        {
            "ada": "active",
            "unasked": "pending",
            "never": "unsubscribed",
            "gone": "bounced",
            "left": "unsubscribed",
        },
        id="flags",
    ),
    pytest.param(
        "an unknown engine",
        "list.csv",
        "id,first_name,email,state,created_at\n"
        "1,A,ada@example.org,active,2024-05-02\n2,B,left@example.org,cancelled,\n"
        "3,C,dead@example.org,bounced,\n4,D,cross@example.org,complained,\n5,E,poet@example.org,NY,\n",
        {
            "ada": "active",
            "left": "unsubscribed",
            "dead": "bounced",
            "cross": "complained",
            "poet": "active",
        },
        id="a-state-that-may-be-a-place",
    ),
    pytest.param(
        "an unknown engine",
        "liste.csv",
        "E-Mail;Vorname;Status;Angemeldet am;Abgemeldet am;Gesperrt\r\n"
        "ada@example.org;Ada;aktiv;2024-05-02;;FALSCH\r\nleft@example.org;;abgemeldet;2024-05-02;;nein\r\n"
        "gone@example.org;;;2024-05-02;03.04.2024;nein\r\nnew@example.org;;unbestätigt;;;nein\r\n"
        "shut@example.org;;aktiv;;;WAHR\r\n",
        {
            "ada": "active",
            "left": "unsubscribed",
            "gone": "unsubscribed",
            "new": "pending",
            "shut": "unsubscribed",
        },
        id="german",
    ),
    pytest.param(
        "an unknown engine",
        "liste.csv",
        "Courriel;Prénom;Statut;Date d'inscription;Date de désinscription\n"
        "ada@example.org;Ada;abonné;2024-05-02;\nleft@example.org;;désabonné;;\n"
        "gone@example.org;;;;03/04/2024\nnew@example.org;;en attente;;\n",
        {"ada": "active", "left": "unsubscribed", "gone": "unsubscribed", "new": "pending"},
        id="french",
    ),
    pytest.param(
        "SendGrid (its unsubscribes)",
        "suppression_unsubscribes.csv",
        "email,created\nleft@example.org,1700000000\n",
        {"left": "unsubscribed"},
        id="sendgrid-unsubscribes",
    ),
    pytest.param(
        "SendGrid (its bounces)",
        "suppression_bounces.csv",
        "status,reason,email,created\n5.1.1,550 5.1.1 no such user,dead@example.org,1700000000\n",
        {"dead": "bounced"},
        id="sendgrid-bounces",
    ),
    pytest.param(
        "SendGrid (its spam reports)",
        "suppression_spam_reports.csv",
        "email,created,ip\ncross@example.org,1700000000,192.0.2.1\n",
        {"cross": "complained"},
        id="sendgrid-reports",
    ),
]


@pytest.mark.parametrize("confirmed", [True, False], ids=["vouched-for", "asked"])
@pytest.mark.parametrize(("engine", "name", "file", "expected"), ENGINES)
def test_everybody_of_an_export_stands_where_its_engine_says(  # noqa: PLR0917 - pytest names them
    list_: Signups, engine: str, name: str, file: str, expected: dict[str, str], confirmed: bool
) -> None:
    """Who left, bounced or complained is suppressed; who never confirmed is asked, vouched for or not."""
    assert engine_of(list_, file, name) == engine
    report = bring(list_, file, confirmed=confirmed, name=name)
    assert report.faults == []
    found = {who: became(list_, f"{who}@example.org") for who in expected}
    wanted = {
        who: "pending" if status == "active" and not confirmed else status for who, status in expected.items()
    }
    assert found == wanted
    assert report.rows == len(expected)
    assert became(list_, "bob@example.com") == ""
    ada = list_.subscribers.find("ada@example.org")
    assert ada is None or "2024-05" not in file or (ada.consent.requested_at or NOON).date() == MAY


def test_dates_of_consent_survive(list_: Signups) -> None:
    """The hour of the opt-in and of the confirmation, and not that of the row; a zone, too."""
    bring(list_, MAILCHIMP + "LEID\n" + MAILCHIMP_ROW.format("ada", "2024-05-02 10:15:12") + "1\n")
    ada = list_.subscribers.find("ada@example.org")
    assert ada
    assert ada.consent.requested_at == datetime(2024, 5, 2, 10, 11, 12, tzinfo=UTC)
    assert ada.consent.confirmed_at == datetime(2024, 5, 2, 10, 15, 12, tzinfo=UTC)
    assert ada.preferences.timezone == "Europe/Paris"
    bring(list_, "email,unsubscribed_at\nleft@example.org,2025-01-02T03:04:05Z\n")
    kept = suppression.find(list_.store, "left@example.org")
    assert kept
    assert kept.since == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "names"),
    [
        pytest.param("email,status\na@example.org,maybe\n", ["status", "maybe"], id="unknown-word"),
        pytest.param(
            "email,Newsletter consent state\na@example.org,3\n",
            ["Newsletter consent state", "3"],
            id="column",
        ),
        pytest.param(
            "email,unsubscribed\na@example.org,perhaps\n", ["unsubscribed", "perhaps"], id="unknown-flag"
        ),
        pytest.param(
            "email,segment\na@example.org,Unsubscribed\n", ["segment", "Unsubscribed"], id="word-elsewhere"
        ),
        pytest.param(
            "email,kind\na@example.org,unactivated\n", ["kind", "unactivated"], id="never-confirmed-elsewhere"
        ),
        pytest.param("a@example.org,bounced\n", ["column 2", "bounced"], id="no-header"),
        pytest.param("email,Letters?\na@example.org,no\n", ["Letters?", "no"], id="an-answer"),
        pytest.param("email,paper fan\na@example.org,true\n", ["paper fan", "true"], id="a-yes-to-what"),
        pytest.param("email,ended on\na@example.org,2024-02-02\n", ["ended on"], id="ended"),
        pytest.param("email,Mailing\na@example.org,N\n", ["Mailing"], id="mailing"),
        pytest.param("email,Pausiert\na@example.org,1\n", ["Pausiert"], id="german-column"),
        pytest.param("email,配信を希望\na@example.org,0\n", ["配信を希望"], id="japanese-column"),
        pytest.param(
            "email,Email Suppressed?\na@example.org,kinda\n", ["Email Suppressed?", "kinda"], id="spelling"
        ),
    ],
)
def test_what_may_deny_consent_and_is_not_understood_stops_who_vouches(
    list_: Signups, file: str, names: list[str]
) -> None:
    """With the column, its values and what to do; nothing is kept, not even of the other rows."""
    file += "b@example.org,\n"
    with pytest.raises(InvalidInputError) as stopped:
        bring(list_, file)
    assert all(name in str(stopped.value) for name in [*names, "--ignore", "--confirmed"])
    assert list_.everything() == {}
    assert bring(list_, file, ignored=[names[0]]).active == 2


def test_what_says_nothing_of_consent_stops_nobody(list_: Signups) -> None:
    """A street, a state where somebody lives, a count, a word."""
    file = "email,Mailing address,State,Opens,Colour\na@example.org,1 Road,CA,1,red\n"
    assert bring(list_, file).active == 1


def test_an_unknown_word_is_never_a_reason_to_ask(list_: Signups) -> None:
    """Without --confirmed, a row whose status is not known is a fault, and the others are asked."""
    report = bring(list_, "email,status\na@example.org,maybe\nb@example.org,active\n", confirmed=False)
    assert (report.pending, [fault.line for fault in report.faults]) == (1, [2])
    assert "maybe" in report.faults[0].reason


def test_of_contradictory_rows_the_leaving_one_holds(list_: Signups) -> None:
    """Whichever comes first, and however the address is written; the operator is told."""
    file = (
        "email,status\na@example.org,active\nb@example.org,unsubscribed\nA@Example.org,bounced\n"
        "b@example.org,active\nc@example.org,pending\nc@example.org,active\nd@example.org,active\nd@example.org,active\n"
    )
    with Plan(list_.store, confirmed=True, now=NOON) as plan:
        plan.read(io.StringIO(file), "", Preferences(), ())
        assert any("4 rows repeat an address; 3 of the addresses" in note for note in plan.notes())
    report = bring(list_, file)
    assert [became(list_, f"{who}@example.org") for who in "abcd"] == [
        "bounced",
        "unsubscribed",
        "pending",
        "active",
    ]
    assert report.rows == 4


def test_who_left_there_is_stopped_here(list_: Signups) -> None:
    """Also a reader of this list; the plan says so before."""
    list_.join("ada@example.org")
    file = "email,status\nada@example.org,complained\n"
    with Plan(list_.store, confirmed=True, now=NOON) as plan:
        plan.read(io.StringIO(file), "", Preferences(), ())
        assert "a reader here until now" in plan.groups()[0].because
    bring(list_, file)
    reader = list_.subscribers.find("ada@example.org")
    assert reader
    assert reader.status.value == "complained"


def test_a_plan_tells_what_becomes_of_everybody_and_keeps_nothing(list_: Signups) -> None:
    """Also of those who are known or suppressed here."""
    list_.join("known@example.org")
    list_.join("gone@example.org", origin="192.0.2.1")
    list_.leave("gone@example.org")
    before = list_.everything()
    file = (
        "email,status\nknown@example.org,active\ngone@example.org,active\nnew@example.org,active\n"
        "left@example.org,unsubscribed\nwaits@example.org,pending\n"
    )
    with Plan(list_.store, confirmed=True, now=NOON) as plan:
        plan.read(io.StringIO(file), "", Preferences(), ())
        told = {
            address: (group.becomes, group.because) for group in plan.groups() for address in group.examples
        }
    assert {who.partition("@")[0]: becomes for who, (becomes, _) in told.items()} == {
        "known": "skipped",
        "gone": "skipped",
        "new": "active",
        "left": "suppressed",
        "waits": "pending",
    }
    assert told["gone@example.org"][1] == "known here as unsubscribed; stays so"
    assert "status: unsubscribed" in told["left@example.org"][1]
    assert list_.everything() == before


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("sep=;\r\nemail;name\r\nada@example.org;Ada\r\n", id="excel-sep"),
        pytest.param('"sep=\t"\nemail\tname\nada@example.org\tAda\n', id="quoted-sep-tab"),
        pytest.param(
            "\ufeffsep=,\nemail,name\nada@example.org,Ada\n",
            id="bom-and-sep",
        ),
        pytest.param("email,name\nada@example.org,Ada\n".encode("utf-16"), id="utf-16-bom"),
        pytest.param("email\tname\nada@example.org\tÅda\n".encode("utf-16-le"), id="utf-16-le"),
        pytest.param("email\tname\nada@example.org\tÅda\n".encode("utf-16-be"), id="utf-16-be"),
        pytest.param(b"\xef\xbb\xbfemail\r\nada@example.org\r\n", id="utf-8-bom"),
        pytest.param("Ada,ada@example.org,7\n", id="no-header-address-second"),
        pytest.param("name|e-mail\nAda|ada@example.org\n", id="bars"),
        pytest.param('email,name\n"Ada L. <ada@example.org>",Ada\n', id="mailbox-in-a-cell"),
        pytest.param("email,name\nmailto:ada@example.org?subject=x,Ada\n", id="mailto"),
        pytest.param("email,name\n\u00a0 ada@example.org\u200b ,Ada\n", id="stray-blanks"),
        pytest.param("email,name\rada@example.org,Ada\r", id="old-mac"),
        pytest.param("<ada@example.org>,\n", id="angles"),
        pytest.param('email, name\nada@example.org, "A, L"\n', id="blank-before-quote"),
    ],
)
def test_files_are_read_as_they_come(list_: Signups, file: str | bytes) -> None:
    """Whatever the encoding, the separator, or the way in which the address is written."""
    report = bring(list_, file)
    assert (report.active, report.faults) == (1, [])
    assert became(list_, "ada@example.org") == "active"


def test_a_quoted_line_break_belongs_to_its_cell(list_: Signups) -> None:
    """The addresses that somebody's note names are nobody's sign-up; later faults are told by their line."""
    report = bring(
        list_,
        'email,note,created_at\nada@example.org,"asked at the booth:\n'
        "bob@example.com, a friend, was curious\n"
        'but did not sign up",2024-05-02\nnobody,x,\nalan@example.org,,\n',
    )
    assert (report.active, [fault.line for fault in report.faults]) == (2, [5])
    assert became(list_, "bob@example.com") == ""


@pytest.mark.parametrize(
    "note",
    [
        pytest.param('"asked at the booth:\nbob@example.com,a friend,x\nand so on\n', id="never-closed"),
        pytest.param('"he said "hi:\nbob@example.com,a friend,x\nthere",2024-05-02\n', id="quotes-within"),
    ],
)
def test_after_a_quote_that_is_not_closed_nothing_is_guessed(list_: Signups, note: str) -> None:
    """The line where it opens is named, who stood before it is kept, and nobody named inside it is."""
    report = bring(
        list_, f"email,note,created_at\nada@example.org,,\nalan@example.org,{note}grace@example.org,,\n"
    )
    assert (report.active, [fault.line for fault in report.faults]) == (1, [3])
    assert "quote" in report.faults[0].reason
    assert became(list_, "bob@example.com") == ""


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory(list_: Signups) -> None:
    """A binary file, or a database dump."""
    with pytest.raises(InvalidInputError, match="CSV"):
        bring(list_, "email\n" + "x" * 10_000_000)


def test_our_own_export_is_recognised_and_read_whole(list_: Signups) -> None:
    """Choices, hours of consent, who left and when."""
    list_.join("ada@example.org", hour=6, topics=("RL",))
    list_.later(hours=3)
    list_.join("gone@example.org", origin="192.0.2.1")
    list_.later(hours=3)
    list_.leave("gone@example.org")
    out = io.StringIO()
    transfer.export_csv(transfer.everybody(list_.store), out)
    list_.store.flushall()
    assert engine_of(list_, out.getvalue()) == "this newsletter"
    list_.later(hours=3)
    report = bring(list_, out.getvalue())
    assert (report.active, report.suppressed, report.ignored_columns) == (1, 1, ())
    kept = suppression.find(list_.store, "gone@example.org")
    assert kept
    assert kept.since == NOON + timedelta(hours=6)


def test_what_has_no_place_here_is_named(list_: Signups) -> None:
    """Names and tags are not dropped in silence."""
    report = bring(list_, "email,name,tags\nada@example.org,Ada,vip\n")
    assert report.ignored_columns == ("name", "tags")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param("excel_sep.csv", {"ada": "active"}, id="excel"),
        pytest.param("ghost.csv", {"ada": "active", "left": "unsubscribed", "note": "active"}, id="ghost"),
        pytest.param(
            "listmonk.csv", {"ada": "active", "blocked": "unsubscribed", "off": "unsubscribed"}, id="listmonk"
        ),
        pytest.param("mailchimp_unsub.csv", {"left": "unsubscribed"}, id="mailchimp"),
        pytest.param("note_with_address.csv", {"ada": "active"}, id="note"),
        pytest.param("substack.csv", {"ada": "active", "left": "unsubscribed"}, id="substack"),
    ],
)
def test_files_that_failed_once_are_read(list_: Signups, file: str, expected: dict[str, str]) -> None:
    """Small exports that an importer read wrongly."""
    if not SHARED.is_dir():
        pytest.skip("the folder with these files is not beside this project")
    report = bring(list_, (SHARED / file).read_bytes(), name=file)
    assert (report.rows, report.faults) == (len(expected), [])
    assert {who: became(list_, f"{who}@example.org") for who in expected} == expected
    assert became(list_, "bob@example.com") == ""
