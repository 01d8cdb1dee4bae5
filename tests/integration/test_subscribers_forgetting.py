"""What is left of a reader who was erased, and what the operator is told of it."""

from pathlib import Path

from builders import NOON
from mailing import subscribe

from newsletter import embedded
from newsletter import settings as settings_module
from newsletter import store as store_module
from newsletter.cli.readers import remains
from newsletter.subscribers.consent import signup

ADDRESS = "ada@example.org"


def holding(folder: Path) -> list[str]:
    """Return the files in a folder that hold the address."""
    return [one.name for one in folder.rglob("*") if one.is_file() and ADDRESS.encode() in one.read_bytes()]


def test_the_embedded_server_keeps_no_change_of_who_was_erased(tmp_path: Path) -> None:
    """Its file of changes is written anew, and the command waits for it."""
    settings = settings_module.load({}, directory=tmp_path, data_dir=tmp_path / "data")
    store = store_module.connect(settings)
    try:
        (number,) = subscribe(store, ("ada",))
        assert holding(tmp_path)
        signup.erase(store, number, NOON)
        assert holding(tmp_path)
        said = remains.after_erasing(store, settings, number)
        assert "was written anew" in said[0]
        assert not holding(tmp_path)
    finally:
        embedded.leave(settings)


def test_the_operator_is_told_what_else_holds_the_address(tmp_path: Path) -> None:
    """Of this reader alone: number 1 is not number 11."""
    settings = settings_module.load(
        {}, directory=tmp_path, data_dir=tmp_path / "d", outbox_dir=tmp_path / "o"
    )
    mailing = tmp_path / "o" / "2026-06-10"
    mailing.mkdir(parents=True)
    for name in ("1-ada@example.org.eml", "1-ada@example.org.txt", "11-alan@example.org.eml"):
        (mailing / name).touch()
    store = store_module.connect(settings)
    try:
        outbox, _, backups, server = remains.after_erasing(store, settings, 1)
    finally:
        embedded.leave(settings)
    assert outbox == (
        f"The outbox holds 2 files of mails to it until you delete them: rm {tmp_path / 'o'}/*/1-*"
    )
    assert "After restoring one, forget it again" in backups
    assert "SendGrid" in server
