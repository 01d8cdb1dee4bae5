"""The API: it answers as its own description says, whatever it is asked, and keeps the form's promises."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from builders import a_sighting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from searching import Library, a_work
from specimens import DAY, a_quiet_edition, an_edition
from visitor import Visitor
from werkzeug.datastructures import Headers, ImmutableMultiDict

from newsletter import settings as settings_module
from newsletter.papers.store import PaperStore
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.subscribers.notices import Letterbox
from newsletter.web.api import application as api

EDITION = an_edition()
ROOT = "/api/v1"
READ = [
    "/editions",
    "/editions?limit=1",
    "/editions/latest",
    "/editions/2026-11-21",
    "/weeks/2026-W47",
    "/months/2026-11",
    "/topics",
    "/topics?limit=1&offset=1",
    "/topics/flow-matching",
    "/papers/arxiv:2611.10482",
    "/papers/arxiv%3A2611.10482",
]
A_FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def visitor(make_settings: Callable[..., Settings], store: Store) -> Visitor:
    """Somebody at a site with three editions; one day is hard to set, one is quiet."""
    site = make_settings(environment="production", base_url="http://papers.example.org", timezone="UTC")
    visitor = Visitor(site, now=EDITION.composed_at + timedelta(hours=5))
    day = timedelta(days=1)
    visitor.publish(EDITION, an_edition("hard", date=DAY - day), a_quiet_edition(date=DAY - 40 * day))
    return visitor


class Asked:
    """A request as openapi-core wants to see it."""

    def __init__(self, answer: Any) -> None:
        url = urlsplit(str(answer.request.url))
        self.host_url, self.path = f"{url.scheme}://{url.netloc}", url.path
        self.full_url_pattern = f"{self.host_url}{self.path}"
        self.method = answer.request.method.lower()
        query = ImmutableMultiDict(answer.request.url.params.multi_items())
        self.parameters = RequestParameters(query=query, header=Headers(answer.request.headers.multi_items()))
        self.body = None
        self.content_type = ""


class Answered:
    """A response as openapi-core wants to see it."""

    def __init__(self, answer: Any) -> None:
        self.status_code = answer.status_code
        self.headers = Headers(answer.headers.multi_items())
        self.content_type = answer.headers.get("content-type", "")
        self.data = answer.content or None


@lru_cache(maxsize=2)
def description(base_url: str) -> OpenAPI:
    """The description that a site at `base_url` gives of its API; reading it takes half a second."""
    told = api.described(settings_module.load({}, base_url=base_url, secret_key="a" * 30))
    problems = {"application/problem+json": json.loads}
    return OpenAPI.from_dict(told, config=Config(extra_media_type_deserializers=problems))


def checked(answer: Any, *, is_described: bool = True, may_fail: bool = False) -> Any:
    """Return an answer that is as described; a problem says what to do next, and nobody keeps it."""
    assert answer.status_code < 500 or may_fail, answer.text
    if is_described:
        asked = Asked(answer)
        description(asked.host_url).validate_response(asked, Answered(answer))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["detail"].endswith(".")
    return answer


@pytest.mark.parametrize("path", READ)
def test_each_reading_is_as_described_cacheable_and_open_to_scripts(visitor: Visitor, path: str):
    """200 by the schema, the same by HEAD, 304 to who has it, readable from any site, and no cookie."""
    answer = checked(visitor.web.get(ROOT + path))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers
    tag = answer.headers["etag"]
    again = visitor.web.get(ROOT + path, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"
    assert visitor.web.head(ROOT + path).headers["etag"] == tag


def test_an_edition_is_the_same_document_everywhere(visitor: Visitor):
    """The page's JSON, the API's and the newest one are one."""
    told = visitor.web.get(f"{ROOT}/editions/2026-11-22").content
    assert told == visitor.web.get("/d/2026-11-22.json").content
    assert told == visitor.web.get(f"{ROOT}/editions/latest").content
    first = json.loads(told)["topics"][0]["papers"][0]
    assert first["permalink"] == "http://papers.example.org/d/2026-11-22#arxiv-2611.10482"
    assert first["why"] == "163 upvotes on Hugging Face, more than 97 % of papers at this age"


def test_a_week_and_a_month_are_editions_of_several_days(visitor: Visitor):
    """They name their first and last day and their page; a paper stands where its own day announced it."""
    week = visitor.web.get(f"{ROOT}/weeks/2026-W47").json()
    assert (week["since"], week["date"]) == ("2026-11-16", "2026-11-22")
    assert week["url"] == "http://papers.example.org/week/2026-W47"
    told = [paper["permalink"] for topic in week["topics"] for paper in topic["papers"]]
    assert "http://papers.example.org/d/2026-11-22#arxiv-2611.10482" in told
    assert visitor.web.get(f"{ROOT}/months/2026-11").json()["url"].endswith("/month/2026-11")
    for nothing in ("weeks/2026-W30", "weeks/2026-W60", "months/2026-13", "months/2025-01"):
        assert checked(visitor.web.get(f"{ROOT}/{nothing}")).status_code == 404
    assert checked(visitor.web.get(f"{ROOT}/weeks/latest")).status_code == 422


def test_following_next_reads_each_edition_and_each_topic_once(visitor: Visitor):
    """Pages join without gap or repeat, and the last one says that it is the last."""
    for kind, name, every in (
        ("editions", "date", ["2026-11-22", "2026-11-21", "2026-10-13"]),
        ("topics", "slug", [one["slug"] for one in visitor.web.get(f"{ROOT}/topics").json()["items"]]),
    ):
        found, address = [], f"{ROOT}/{kind}?limit=1"
        while address:
            page = visitor.web.get(address).json()
            assert page["total"] == len(every)
            found += [one[name] for one in page["items"]]
            address = page["next"]
        assert found == every


def test_no_choice_of_page_makes_the_site_read_an_edition_twice(visitor: Visitor, store: Store):
    """A crowd that asks for every page in every size costs no more than one that asks for one."""
    visitor.web.get(f"{ROOT}/editions?limit=100")
    before = store.info("commandstats")["cmdstat_mget"]["calls"]
    for limit in range(1, 100, 7):
        checked(visitor.web.get(f"{ROOT}/editions?limit={limit}&before=2026-11-22"))
    assert store.info("commandstats")["cmdstat_mget"]["calls"] == before


def test_a_topic_tells_its_days(visitor: Visitor):
    """Each day on the chart with its place and its papers, the newest first."""
    visitor.publish(an_edition(date=DAY + timedelta(days=2)))
    told = visitor.web.get(f"{ROOT}/topics/flow-matching").json()
    assert [one["date"] for one in told["appearances"]] == ["2026-11-24", "2026-11-22"]
    assert (told["first"], told["last"], told["days"], told["best_place"]) == (
        "2026-11-22",
        "2026-11-24",
        2,
        1,
    )
    assert told["appearances"][0]["papers"][0]["id"] == "arxiv:2611.10482"
    assert visitor.web.get(told["url"]).status_code == 200


def test_a_paper_is_found_whether_announced_or_only_polled(visitor: Visitor, store: Store):
    """By its id, or by the DOI that it was known by before; and what no edition announced says so."""
    announced = visitor.web.get(f"{ROOT}/papers/arxiv:2611.10482").json()
    assert announced["edition"]["permalink"].endswith("/d/2026-11-22#arxiv-2611.10482")
    PaperStore(store).absorb([a_sighting(arxiv_id="2606.00002", doi="10.1000/a/b")])
    for name in ("arxiv:2606.00002", "doi:10.1000/a/b", quote("doi:10.1000/a/b", safe="")):
        polled = visitor.web.get(f"{ROOT}/papers/{name}").json()
        assert (polled["id"], polled["edition"]) == ("arxiv:2606.00002", None)
        assert polled["sightings"][0]["source"] == "arxiv-cs-lg"


def test_a_search_finds_what_the_page_finds(visitor: Visitor, store: Store):
    """Pages join without gap or repeat, slips are corrected and said so, and announced papers say where."""
    assert (early := checked(visitor.web.get(f"{ROOT}/search?q=rivers"), may_fail=True)).status_code == 503
    assert 0 < int(early.headers["retry-after"]) < 60
    library = Library(store, visitor.settings)
    library.keep(*(a_work(n, f"Rivers, part {n}", "Water.", ["Ada Vale"]) for n in range(1, 24)))
    library.refresh()
    for address in ("/search?q=rivers", "/search?q=rivrs", "/authors/ada-vale"):
        found, following = [], ROOT + address
        while following:
            page = checked(visitor.web.get(following)).json()
            assert page["total"] == 23
            assert page["corrections"] == ({"rivrs": "rivers"} if "rivrs" in address else {})
            found += [one["id"] for one in page["items"]]
            following = page["next"]
        assert len(found) == len(set(found)) == 23
    (told,) = checked(visitor.web.get(f"{ROOT}/search?q=straight+paths")).json()["items"]
    assert told["permalink"] == "http://papers.example.org/d/2026-11-22#arxiv-2611.10482"
    assert visitor.web.get("/search?q=rivers").text.count("<article") == 20
    for nothing in ("/search", "/search?q=", "/search?q=x&page=0", "/search?q=x&page=26"):
        assert checked(visitor.web.get(ROOT + nothing)).status_code == 422
    assert checked(visitor.web.get(f"{ROOT}/authors/nobody-at-all")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/editions/2026-11-20", 404),
        ("/editions/2026-02-30", 404),
        ("/editions/today", 422),
        ("/editions/20261122", 422),
        ("/editions?limit=0", 422),
        ("/editions?limit=x", 422),
        ("/editions?before=yesterday", 422),
        ("/topics/never-was", 404),
        ("/topics?offset=-1", 422),
        ("/papers/arxiv:1", 404),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_says_what_to_do(visitor: Visitor, path: str, status: int):
    """Problem details (RFC 9457) in one shape; a field that is wrong is named, and not repeated."""
    answer = checked(visitor.web.get(ROOT + path))
    assert answer.status_code == status
    assert [one["field"] for one in answer.json()["errors"]] == (
        [] if status == 404 else ["day"] if "s/" in path else [path.partition("?")[2].partition("=")[0]]
    )


@pytest.mark.parametrize(
    "path", ["/nowhere", "/papers/", "", "/", "/editions/", "/editions/latest/x", "/%00", "/x%0A"]
)
def test_an_address_of_nothing_is_a_problem_too(visitor: Visitor, path: str):
    """404 in the same shape, with the way to the list of what there is."""
    answer = checked(visitor.web.get(ROOT + path), is_described=False)
    assert answer.status_code in {404, 422}


def test_before_the_first_edition_lists_are_empty(make_settings: Callable[..., Settings], store: Store):
    """An empty site is no fault, and the latest edition is not there yet."""
    visitor = Visitor(make_settings())
    for kind in ("editions", "topics"):
        assert visitor.web.get(f"{ROOT}/{kind}").json() == {"items": [], "total": 0, "next": None}
    assert "next cut-off" in visitor.web.get(f"{ROOT}/editions/latest").json()["detail"]


def post(visitor: Visitor, **wanted: Any) -> Any:
    """Ask for a subscription."""
    return visitor.web.post(f"{ROOT}/subscriptions", json=wanted)


def test_a_program_subscribes_somebody_who_then_confirms(visitor: Visitor):
    """The choices and the way are kept, one letter waits, and its token unsubscribes, again and again."""
    answer = checked(
        post(visitor, email="ada@example.org", topics=["flow matching"], muted=["survey"], hour=5, limit=3),
    )
    assert answer.status_code == 202
    reader = visitor.subscribers.find("ada@example.org")
    wanted = reader.preferences
    assert (wanted.topics, wanted.muted, wanted.hour, wanted.limit) == (("flow matching",), ("survey",), 5, 3)
    assert (reader.status, reader.consent.how) == ("pending", "api")
    assert len(Letterbox(visitor.store).pending(visitor.now)) == 1
    visitor.web.post(f"/confirm/{visitor.token('confirm', reader.id)}")
    assert visitor.subscribers.get(reader.id).status == "active"
    for _ in range(2):
        gone = visitor.web.delete(f"{ROOT}/subscriptions/{visitor.token('unsubscribe', reader.id)}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert gone.headers["cache-control"] == "no-store"
        assert visitor.subscribers.get(reader.id).status == "unsubscribed"


@pytest.mark.parametrize("status", ["pending", "active", "unsubscribed", "bounced", "complained", "erased"])
def test_the_answer_tells_nothing_of_an_address(visitor: Visitor, status: str):
    """The same to the byte for a new address and for one in any state."""
    new = post(visitor, email="new@example.org")
    visitor.reader("old@example.org", status)
    old = post(visitor, email="old@example.org")
    assert (old.status_code, old.content, old.headers) == (new.status_code, new.content, new.headers)


def test_the_form_and_the_api_share_their_caps(make_settings: Callable[..., Settings], store: Store):
    """A network that used up the form's share gets 429 here, whatever address it names."""
    visitor = Visitor(make_settings(signups_per_network_hour=3, confirmations_per_address_day=2))
    for _ in range(2):
        assert visitor.subscribe("ada@example.org").status_code == 303
    assert post(visitor, email="ada@example.org").status_code == 202
    assert len(Letterbox(visitor.store).pending(visitor.now)) <= 2
    for email in ("ada@example.org", "new@example.org"):
        refused = checked(post(visitor, email=email))
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert visitor.subscribers.find("new@example.org") is None


def test_a_closed_list_and_one_by_invitation_hold_for_programs_too(
    make_settings: Callable[..., Settings], store: Store
):
    """403 where nobody may join; by invitation the usual answer, and only a known domain gets a letter."""
    visitor = Visitor(make_settings(signup="closed"))
    assert checked(post(visitor, email="ada@example.org")).status_code == 403
    visitor = Visitor(make_settings(signup="invited", signup_domains=("lab.example",)))
    assert post(visitor, email="ada@example.org").content == post(visitor, email="bo@lab.example").content
    assert visitor.subscribers.find("ada@example.org") is None
    assert len(Letterbox(visitor.store).pending(visitor.now)) == 1


def test_an_address_that_looks_mistyped_is_asked_about(visitor: Visitor):
    """422 with what was probably meant; who is sure says so."""
    asked = checked(post(visitor, email="ada@gmial.com"))
    assert (asked.status_code, asked.json()["suggestion"]) == (422, "ada@gmail.com")
    assert visitor.subscribers.find("ada@gmial.com") is None
    assert post(visitor, email="ada@gmial.com", sure=True).status_code == 202


BAD_BODIES = {
    "nothing": b"",
    "no object": b"[]",
    "cut off": b'{"email": "ada@example.org"',
    "no address": b"{}",
    "an empty address": b'{"email": ""}',
    "no address at all": b'{"email": "ada"}',
    "an unknown field": b'{"email": "ada@example.org", "admin": true}',
    "another type": b'{"email": ["ada@example.org"]}',
    "an hour that is none": b'{"email": "ada@example.org", "hour": 24}',
    "a truth for an hour": b'{"email": "ada@example.org", "hour": false}',
    "a text for a truth": b'{"email": "ada@gmial.com", "sure": "yes"}',
    "a zone that is none": b'{"email": "ada@example.org", "timezone": "../etc/passwd"}',
    "a control character": b'{"email": "ada@example.org\\u0000"}',
    "half a letter": b'{"email": "ada@example.org", "topics": ["\\ud800"]}',
    "a line end": b'{"email": "ada@example.org\\nBcc: eve@example.org"}',
    "a long topic": b'{"email": "ada@example.org", "topics": ["' + b"x" * 121 + b'"]}',
    "markup in a topic": b'{"email": "ada@example.org", "topics": ["<a href=https://evil.example>Verify</a>"]}',
    "a picture in a topic": b'{"email": "ada@example.org", "muted": ["<img src=//evil.example/p.gif>"]}',
    "a placeholder for a topic": b'{"email": "ada@example.org", "topics": ["-foo_url-"]}',
    "an address for a topic": b'{"email": "ada@example.org", "topics": ["https://evil.example"]}',
    "Latin-1": '{"email": "adé@example.org"}'.encode("latin-1"),
    "UTF-16": '{"email": "ada@example.org"}'.encode("utf-16"),
    "a deep nest": b"[" * 60_000,
    "not a number": b'{"email": "ada@example.org", "limit": NaN}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_and_nothing_is_kept(visitor: Visitor, body: bytes):
    """422, in the one shape, and the store is byte for byte as it was."""
    before = visitor.everything()
    answer = visitor.web.post(
        f"{ROOT}/subscriptions", content=body, headers={"content-type": "application/json"}
    )
    assert checked(answer).status_code == 422
    assert visitor.everything() == before


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_a_foreign_form_could_post_is_not_taken(visitor: Visitor, kind: str):
    """415: another site's page cannot make its visitors subscribe, because JSON needs a preflight."""
    body = b'{"email": "ada@example.org"}'
    answer = visitor.web.post(f"{ROOT}/subscriptions", content=body, headers={"content-type": kind})
    assert checked(answer).status_code == 415
    preflight = visitor.web.options(
        f"{ROOT}/subscriptions",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    assert visitor.subscribers.find("ada@example.org") is None


def test_a_megabyte_is_too_much(visitor: Visitor):
    """413, whatever it holds."""
    body = b'{"email": "' + b"a" * 1_000_000 + b'"}'
    answer = visitor.web.post(
        f"{ROOT}/subscriptions", content=body, headers={"content-type": "application/json"}
    )
    assert checked(answer).status_code == 413


@pytest.mark.parametrize("purpose", ["manage", "confirm"])
def test_a_token_of_another_purpose_unsubscribes_nobody(visitor: Visitor, purpose: str):
    """Nor does a damaged one; and the answer holds no token."""
    reader = visitor.reader("ada@example.org")
    good = visitor.token("unsubscribe", reader.id)
    for token in (visitor.token(purpose, reader.id), good[:-1], good + "A", "x"):
        answer = checked(visitor.web.delete(f"{ROOT}/subscriptions/{token}"))
        assert answer.status_code == 404
        assert token == "x" or token not in answer.text
    assert visitor.subscribers.get(reader.id).status == "active"


@pytest.mark.parametrize("way", ["put", "patch", "delete", "post"])
def test_another_method_is_405_in_the_same_shape(visitor: Visitor, way: str):
    """The Allow header names those that an address takes."""
    answer = getattr(visitor.web, way)(f"{ROOT}/editions")
    assert (answer.status_code, sorted(answer.headers["allow"].split(", "))) == (405, ["GET", "HEAD"])
    assert answer.json()["status"] == 405


def test_the_store_being_down_is_503_with_a_time_to_come_back(
    make_settings: Callable[..., Settings], tmp_path
):
    """Nothing was saved, and the answer says so."""
    visitor = Visitor(make_settings(redis_url=f"unix://{tmp_path}/nothing.sock"))
    for answer in (visitor.web.get(f"{ROOT}/editions"), post(visitor, email="ada@example.org")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert answer.json()["title"] == "Service Unavailable"
    assert "Nothing was saved" in answer.json()["detail"]


def test_reading_changes_nothing(visitor: Visitor):
    """GET, HEAD and OPTIONS leave the store byte for byte as it was."""
    before = visitor.everything()
    for path in READ:
        for way in ("GET", "HEAD", "OPTIONS"):
            visitor.web.request(way, ROOT + path)
    assert visitor.everything() == before


def test_what_is_served_is_the_description(visitor: Visitor):
    """The document that generators of clients read is the one that these tests check answers against."""
    answer = visitor.web.get(f"{ROOT}/openapi.json")
    assert answer.json() == api.described(visitor.settings)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_page_for_people_names_every_operation_and_loads_nothing_foreign(visitor: Visitor):
    """It is made from the description."""
    page = visitor.web.get("/api").text
    for path, operations in api.described(visitor.settings)["paths"].items():
        for method in operations:
            assert f"{method.upper()} {ROOT}{path}" in page
    assert "cdn" not in page


def test_every_field_of_the_description_has_a_type_and_every_operation_says_what_it_does(visitor: Visitor):
    """No answer is “anything”, and each operation names the problems that it can end in."""
    told = api.described(visitor.settings)
    for name, schema in told["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            assert kind.keys() & {"type", "anyOf", "$ref", "items"}, (name, field)
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"].endswith("."), (method, path)
            assert {"500", "503"} <= operation["responses"].keys()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("email", "sure", "topics", "muted", "frequency", "hour", "timezone", "limit", "format")
SANE = {"email": "ada@example.org", "topics": ["diffusion"], "hour": 7, "timezone": "UTC", "limit": 5}
NEARLY = st.builds(
    lambda chosen, wrong: {name: SANE[name] for name in chosen if name in SANE} | wrong,
    st.sets(st.sampled_from(FIELDS)),
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), anything, max_size=3),
)


@A_FEW
@given(told=anything | NEARLY)
def test_no_body_brings_the_api_down(visitor: Visitor, told: Any):
    """Any JSON value is taken or refused as described; never a fault of ours."""
    body = json.dumps(told).encode()
    answer = visitor.web.post(
        f"{ROOT}/subscriptions", content=body, headers={"content-type": "application/json; charset=utf-8"}
    )
    assert checked(answer).status_code in {202, 413, 422, 429}


@A_FEW
@given(raw=st.binary(max_size=200))
def test_no_bytes_bring_the_api_down(visitor: Visitor, raw: bytes):
    """What is no JSON at all is refused as described."""
    answer = visitor.web.post(
        f"{ROOT}/subscriptions", content=raw, headers={"content-type": "application/json"}
    )
    assert checked(answer).status_code == 422


@A_FEW
@given(
    kind=st.sampled_from(["editions", "topics", "papers", "subscriptions"]),
    name=st.text(min_size=1) | st.from_regex(r"\d{4}-\d\d-\d\d"),
    query=st.dictionaries(st.sampled_from(["limit", "offset", "before", "page", "q"]), st.text()),
)
def test_no_address_brings_the_api_down(visitor: Visitor, kind: str, name: str, query: dict[str, str]):
    """Any name and any query is answered as described."""
    path = f"{ROOT}/{kind}/{quote(name, safe='')}"
    way = visitor.web.delete if kind == "subscriptions" else visitor.web.get
    assert checked(way(path)).status_code in {200, 404, 405, 422}
    if kind in {"editions", "topics"}:
        assert checked(visitor.web.get(f"{ROOT}/{kind}", params=query)).status_code in {200, 422}
    Library(visitor.store, visitor.settings).refresh()
    found = checked(visitor.web.get(f"{ROOT}/search", params={"q": name}))
    assert found.status_code in {200, 422}
