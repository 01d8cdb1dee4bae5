"""Tags and 304."""

import pytest
from starlette.requests import Request

from newsletter.web.serving import caching


def asked(held: str) -> Request:
    """A request that names the tags it holds."""
    return Request({"type": "http", "method": "GET", "headers": [(b"if-none-match", held.encode())]})


@pytest.mark.parametrize(
    "held", ["{tag}", '"x", {tag}', "*", "{strong}"], ids=["same", "list", "any", "strong"]
)
def test_a_client_that_holds_the_answer_gets_304_without_a_body(held: str):
    """Comparison is weak, as RFC 9110 section 13.1.2 has it."""
    tag = caching.entity_tag(b"text")
    answer = caching.answer(asked(held.format(tag=tag, strong=tag[2:])), b"text", "text/plain")
    assert (answer.status_code, answer.body) == (304, b"")
    assert answer.headers["etag"] == tag


@pytest.mark.parametrize("held", ['"x"', "", "garbage,,\x7f"])
def test_a_client_that_holds_something_else_gets_the_body(held: str):
    """Unknown and malformed tags are just unknown."""
    assert caching.answer(asked(held), b"text", "text/plain").status_code == 200


def test_parts_of_a_tag_are_told_apart():
    """Two parts are not one joined part."""
    assert caching.entity_tag("a", "b") != caching.entity_tag("ab")
