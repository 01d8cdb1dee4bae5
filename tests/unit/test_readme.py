"""The README's words are held against the code."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from newsletter.cli.main import NOUNS, newsletter
from newsletter.cli.operations.config import default_of
from newsletter.settings import Settings, environment_names

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def test_every_setting_stands_in_the_table_with_its_default_and_meaning() -> None:
    """A changed default or meaning shows here."""
    missing = [
        line
        for field, name in environment_names().items()
        if (line := f"| `{name}` | {default_of(field)} | {Settings.model_fields[field].description} |")
        not in README
    ]
    assert missing == []


def test_every_command_stands_in_the_readme() -> None:
    """Each noun with its verbs."""
    missing = []
    for noun in NOUNS:
        command = newsletter.get_command(click.Context(newsletter), noun)
        verbs = command.commands if isinstance(command, click.Group) else {"": command}
        missing += [
            name for verb in verbs if f"`newsletter {(name := f'{noun} {verb}'.strip())}" not in README
        ]
    assert missing == []


TYPED = [
    line
    for line in sorted(set(re.findall(r"newsletter ([a-z]+(?: [a-z]+)?)", README)))
    if line.split()[0] in NOUNS
]


@pytest.mark.parametrize("line", TYPED)
def test_what_the_readme_tells_to_type_is_a_command(line: str) -> None:
    """Every `newsletter …` in the README can be typed."""
    arguments = line.split()
    command = newsletter.get_command(click.Context(newsletter), arguments[0])
    if not isinstance(command, click.Group):
        arguments = arguments[:1]
    answer = CliRunner().invoke(newsletter, [*arguments, "--help"])
    assert answer.exit_code == 0, answer.output
