"""What holds addresses and secrets is for its owner alone, and the operator hears where it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.cli.operations.check import find_exposed
from newsletter.folders import exposed, make_private
from newsletter.settings import Settings


def test_every_folder_that_is_made_is_private_and_others_stay_as_they_are(tmp_path: Path) -> None:
    """Those above are made too; one that the operator opened is left open."""
    tmp_path.chmod(0o755)
    make_private(tmp_path / "a" / "b")
    make_private(tmp_path / "a" / "b")
    assert [path.stat().st_mode & 0o777 for path in (tmp_path, tmp_path / "a", tmp_path / "a" / "b")] == [
        0o755,
        0o700,
        0o700,
    ]


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    """Nobody takes a file for a folder."""
    (tmp_path / "a").write_text("")
    with pytest.raises(OSError, match="a"):
        make_private(tmp_path / "a")
    with pytest.raises(OSError, match="a"):
        make_private(tmp_path / "a" / "b")


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, True), (0o644, True), (0o604, True)])
def test_check_warns_of_each_file_that_others_can_read(
    make_settings: Callable[..., Settings], tmp_path: Path, mode: int, *, is_told: bool
) -> None:
    """`.env`, the DKIM key, and the folders of data and mails, each with the command that mends it."""
    key = tmp_path / "dkim key.pem"
    settings = make_settings(dkim_key=str(key))
    for folder in (settings.data_dir, settings.outbox_dir):
        make_private(folder)
        folder.chmod(mode | 0o100)
    for file in (tmp_path / ".env", key):
        file.write_text("")
        file.chmod(mode)
    found = find_exposed(settings, tmp_path)
    assert len(found) == (4 if is_told else 0)
    if is_told:
        assert f"chmod 600 {tmp_path / '.env'}" in found[0]
        assert "chmod 700" in found[1]
        assert f"chmod 600 '{key}'" in found[3]


def test_what_is_not_there_is_not_warned_of(tmp_path: Path) -> None:
    """A laptop without an `.env` hears nothing."""
    assert exposed([tmp_path / ".env"]) == []
