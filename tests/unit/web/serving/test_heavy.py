"""However many ask for what costs much, the rest of the site answers."""

import asyncio

import pytest
from asgi import Answer, asked
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from newsletter.web.serving.heavy import AT_ONCE, WAITING, HeavyPages


class Application:
    """Works on a page until it is told to answer."""

    def __init__(self) -> None:
        self.working = 0
        self.go_on = asyncio.Event()
        self.front = HeavyPages(self, root="/api/v1", refuse=lambda _: PlainTextResponse("later", 503))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once, but for what is heavy."""
        if scope["path"] != "/healthz":
            self.working += 1
            await self.go_on.wait()
            self.working -= 1
            if scope["path"].endswith("broken"):
                raise ValueError
        await PlainTextResponse("done")(scope, receive, send)

    def ask(self, path: str) -> "asyncio.Task[Answer]":
        """Ask through the front, and wait for nothing."""
        return asyncio.create_task(asked(self.front, "GET", path))


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "path", ["/search", "/preview", "/authors/ada", "/api/v1/search", "/api/v1/authors/ada"]
)
def test_a_few_are_worked_on_and_the_others_wait_their_turn(path: str) -> None:
    """Each is answered in the end, and what is not heavy at once."""

    async def crowd() -> None:
        application = Application()
        tasks = [application.ask(path) for _ in range(AT_ONCE + WAITING)]
        await settled()
        assert application.working == AT_ONCE
        assert (await application.ask("/healthz")).status == 200
        assert (await application.ask(path)).status == 503
        application.go_on.set()
        assert [answer.status for answer in await asyncio.gather(*tasks)] == [200] * len(tasks)
        assert (await application.ask(path)).status == 200

    asyncio.run(crowd())


def test_a_page_that_breaks_or_a_reader_who_leaves_gives_the_turn_back() -> None:
    """Neither an error nor a cancelled request makes the site smaller for good."""

    async def crowd() -> None:
        application = Application()
        tasks = [application.ask("/search/broken") for _ in range(AT_ONCE)]
        waiting = [application.ask("/search") for _ in range(WAITING)]
        await settled()
        for one in waiting:
            one.cancel()
        await settled()
        application.go_on.set()
        assert all(
            isinstance(one, ValueError) for one in await asyncio.gather(*tasks, return_exceptions=True)
        )
        again = [application.ask("/search") for _ in range(2 * AT_ONCE)]
        assert {answer.status for answer in await asyncio.gather(*again)} == {200}

    asyncio.run(crowd())
