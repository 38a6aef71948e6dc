"""What is handed out for containers fits the folder it is used in."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy/container/compose.example.yaml"


def test_the_compose_file_builds_in_the_folder_that_the_manual_copies_it_to():
    says = "cp deploy/container/compose.example.yaml compose.yaml"
    assert says in (ROOT / "docs/install.md").read_text("utf-8")
    services = yaml.safe_load(EXAMPLE.read_text("utf-8"))["services"]
    assert sorted(services) == ["agent", "scheduler"]
    for service in services.values():
        build = service["build"]
        folder = ROOT / build["context"]
        assert folder.resolve() == ROOT
        copied = [
            line.split()[1:-1]
            for line in (folder / build["dockerfile"]).read_text().splitlines()
            if line[:5] == "COPY "
        ]
        assert copied
        assert [name for names in copied for name in names if not (folder / name).exists()] == []
