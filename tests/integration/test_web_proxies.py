"""Whose address a visitor has, behind a proxy: the caps by network must meet the visitor, not the router."""

import json
from collections import Counter
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from served import serving

from newsletter.embedded import EmbeddedServer


def statuses(url: str, forwarded: list[str]) -> Counter[int]:
    """Sign up once for each `X-Forwarded-For`, and count the answers by status."""
    found: Counter[int] = Counter()
    for number, address in enumerate(forwarded):
        request = Request(
            f"{url}/api/v1/subscriptions",
            data=json.dumps({"email": f"reader{number}@example.org"}).encode(),
            headers={"Content-Type": "application/json", "X-Forwarded-For": address},
        )
        try:
            with urlopen(request, timeout=10) as answer:
                found[answer.status] += 1
        except HTTPError as error:
            error.close()
            found[error.code] += 1
    return found


VISITORS = [f"203.0.{number}.7" for number in range(25)]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "turned_away"),
    [
        pytest.param("127.0.0.1", VISITORS, 0, id="visitors behind a trusted proxy"),
        pytest.param("private", VISITORS, 0, id="visitors behind a platform's router"),
        pytest.param("10.0.0.0/8", VISITORS, 5, id="a header of whoever connects"),
        pytest.param("private", [f"{one}, 198.51.100.9" for one in VISITORS], 5, id="what a visitor adds"),
        pytest.param("private", ["unknown"] * 25, 5, id="a proxy that does not tell"),
    ],
)
def test_the_caps_meet_the_visitors_network(
    server: EmbeddedServer, trusted: str, forwarded: list[str], turned_away: int
) -> None:
    """Twenty sign-ups an hour from each network; what is not told by a trusted proxy is not believed."""
    with serving(f"unix://{server.socket}", NEWSLETTER_TRUSTED_PROXIES=trusted) as site:
        assert statuses(site.url, forwarded)[429] == turned_away
