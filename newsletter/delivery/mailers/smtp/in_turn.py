"""Mails over one connection to a server without PIPELINING: each command waits for its answer."""

import asyncio
from typing import Protocol

from newsletter.delivery.mailers.smtp.pipeline import (
    END_OF_MAIL,
    LAST_REPLY_WITHIN_SECONDS,
    RESET,
    SILENCE,
    Line,
    SessionLostError,
)
from newsletter.delivery.mailers.smtp.queue import Mail, Queue
from newsletter.delivery.mailers.smtp.replies import CLOSING, Reply, Verdict, judge


class AskingLine(Line, Protocol):
    """The connection, as one who asks and waits sees it."""

    lost_because: str | None
    """Why it ended, where it has."""

    async def ask(self, command: bytes, within: float) -> Reply:
        """Send a command and wait for the answer. Raises `SessionLostError` where none comes."""

    async def next_reply(self, within: float) -> Reply:
        """Wait for the next reply. Raises `SessionLostError` where none comes."""


async def carry_in_turn(line: AskingLine, queue: Queue) -> None:
    """Send what waits, one mail after the other. Raises `SessionLostError` where the connection ends."""
    while (mail := line.take(queue)) is not None:
        if not await _is_admitted(line, mail, queue):
            continue
        line.write(*mail.content, END_OF_MAIL)
        try:
            reply = await line.next_reply(LAST_REPLY_WITHIN_SECONDS)
        except SessionLostError:
            queue.doubt(mail)
            raise
        line.failures = 0 if queue.finish(mail, reply) else line.failures + 1
        if reply.code == CLOSING:
            _leave(line, f"the server says {reply.words}")


async def _is_admitted(line: AskingLine, mail: Mail, queue: Queue) -> bool:
    """Whether the server waits for the mail's content; otherwise note why not."""
    replies: list[Reply] = []
    for command in mail.envelope.splitlines(keepends=True):
        try:
            replies.append(await line.ask(command, queue.patience(mail)))
        except SessionLostError as error:
            if line.lost_because == SILENCE:
                queue.note_slow(mail)
            queue.give_back(mail, str(error))
            raise
        judgement = judge(replies)
        if judgement is None:
            continue
        queue.turn_away(mail, judgement)
        line.failures += 1
        if judgement.verdict is not Verdict.RECIPIENT:
            _leave(line, f"the server says {judgement.reply.words}")
        await line.ask(RESET, queue.patience(mail))
        return False
    if not queue.may_begin(asyncio.get_running_loop().time()):
        queue.give_back(mail)
        _leave(line, "it is too late to begin")
    return True


def _leave(line: AskingLine, why: str) -> None:
    line.hang_up(why)
    raise SessionLostError(f"The connection ended: {why}.")
