"""Writing the settings on a bad disk."""

import pytest

from agent.commands.wizard.files import BACKUP, BESIDE, write


def test_what_can_not_be_written_is_named_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text("old")
    path.with_name(path.name + BESIDE).mkdir()  # where the new one would be begun
    with pytest.raises(OSError, match=r"sunward\.toml") as refused:
        write(path, "new", 0o644)
    assert refused.value.filename == str(path)
    assert path.read_text() == "old"


def test_a_disk_that_fills_while_it_is_written_is_named_and_leaves_nothing_half(tmp_path, full_disk):
    path = tmp_path / "sunward.toml"
    path.write_text("old")
    with pytest.raises(OSError, match=r"sunward\.toml") as refused, full_disk(1000):
        write(path, "new" * 1000, 0o644)
    assert refused.value.filename == str(path)
    assert path.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["sunward.toml", "sunward.toml" + BACKUP]
