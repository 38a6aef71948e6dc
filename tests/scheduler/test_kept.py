"""What jobs remember, where it can't be written."""

import pytest

from scheduler.kept import KeepError, write_atomically


@pytest.mark.parametrize("path", ["state/jobs.json", "state/scheduler/jobs.json"])
def test_a_file_where_a_folder_should_be_is_one_sentence(tmp_path, path):
    (tmp_path / "state").write_text("I am no folder", "utf-8")
    with pytest.raises(KeepError, match=r"A file stands where its folder should be\.$"):
        write_atomically(tmp_path / path, "{}")
    assert (tmp_path / "state").read_text("utf-8") == "I am no folder"


def test_a_folder_where_the_file_should_be_leaves_nothing_behind(tmp_path):
    (tmp_path / "jobs.json").mkdir()
    with pytest.raises(KeepError, match=r"jobs\.json can't be written: Is a directory\."):
        write_atomically(tmp_path / "jobs.json", "{}")
    assert [one.name for one in tmp_path.iterdir()] == ["jobs.json"]
