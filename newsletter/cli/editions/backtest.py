"""`newsletter backtest`: what the score said at the cut-off, and what came of it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import click

from newsletter.cli import output
from newsletter.cli.editions.edition import Day
from newsletter.cli.operations.connection import connected
from newsletter.editions.backtest import SETTLED, Figures, Judged, judge_day, kept_days, mean

ORDERS: dict[str, Callable[[Judged], Figures]] = {
    "ours": lambda judged: judged.ours,
    "votes": lambda judged: judged.votes,
    "chance": lambda judged: judged.chance,
}
"""The order of the score, that of the morning's votes alone, and one by chance."""
FIGURES: dict[str, Callable[[Figures], float | None]] = {
    "ndcg": lambda figures: figures.ndcg,
    "precision": lambda figures: figures.precision,
    "tau": lambda figures: figures.tau,
}
A_MONTH = timedelta(days=28)


@click.command()
@click.option("--from", "since", type=Day(), help="The first day; four weeks before the last where left out.")
@click.option("--to", "until", type=Day(), help="The last day; where left out, the last that is settled.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backtest(since: date | None, until: date | None, as_json: bool) -> None:
    """Hold the score of each day against the votes that its papers had a week later.

    Beside it stand the order of that morning's votes alone, and one by
    chance: nDCG and precision of the first twenty, and Kendall's tau among
    papers that had votes in the morning. Exit 3 where no day can be judged.
    """
    now = datetime.now(UTC)
    until = until or now.date() - SETTLED - timedelta(days=1)
    since = since or until - A_MONTH
    if since > until:
        raise click.UsageError(f"{since} is after {until}. Give the earlier day as --from.")
    _, store = connected()
    days = kept_days(store, since, until)
    if not days:
        _say_what_is_kept(kept_days(store, date.min, date.max), since, until)
    judged: list[Judged] = []
    with output.progress() as step:
        for number, day in enumerate(days, 1):
            step(f"Judging {day}, {number} of {len(days)}")
            if found := judge_day(store, day):
                judged.append(found)
    if not judged:
        output.nothing_to_do(
            f"Nothing can be said of {since} to {until}: nobody has voted for these papers, or they are not "
            "kept any more. Where votes are polled: newsletter sources list"
        )
    output.show([*(_row(one) for one in judged), _means(judged)], as_json=as_json)
    _say_what_is_open(judged, len(days), now)


def _row(judged: Judged) -> dict[str, object]:
    return {
        "day": judged.day,
        "papers": judged.papers,
        "voted": judged.voted,
        **{
            f"{figure} {order}": _rounded(read(whose(judged)))
            for figure, read in FIGURES.items()
            for order, whose in ORDERS.items()
        },
    }


def _means(judged: Sequence[Judged]) -> dict[str, object]:
    return {
        "day": "mean",
        "papers": round(sum(one.papers for one in judged) / len(judged)),
        "voted": round(sum(one.voted for one in judged) / len(judged)),
        **{
            f"{figure} {order}": _rounded(_mean(judged, read, whose))
            for figure, read in FIGURES.items()
            for order, whose in ORDERS.items()
        },
    }


def _mean(
    judged: Sequence[Judged], read: Callable[[Figures], float | None], whose: Callable[[Judged], Figures]
) -> float | None:
    return mean(judged, lambda one: read(whose(one)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _say_what_is_kept(kept: Sequence[date], since: date, until: date) -> None:
    if not kept:
        output.nothing_to_do(
            "No edition's inputs are kept yet. They are from now on: newsletter edition build"
        )
    output.nothing_to_do(
        f"No inputs are kept from {since} to {until}. Those that are: "
        f"newsletter backtest --from {kept[0]} --to {kept[-1]}"
    )


def _say_what_is_open(judged: Sequence[Judged], asked: int, now: datetime) -> None:
    """Tell on stderr what the table does not: days left out, and days whose votes still grow."""
    if asked > len(judged):
        click.echo(
            f"{asked - len(judged)} of {asked} days are left out: nobody voted for their papers, "
            "or they are not kept any more.",
            err=True,
        )
    growing = [one.day for one in judged if datetime.combine(one.day, now.timetz()) + SETTLED > now]
    if growing:
        click.echo(
            f"The outcome is not known yet for {len(growing)} days from {growing[0]} on; they are judged by "
            f"the votes so far. Ask again after {growing[-1] + SETTLED}.",
            err=True,
        )
