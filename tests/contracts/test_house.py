"""The house keeps its shape: the layout, the lock file, and what may not be written down."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    "app", "pipelines", "dbt", "orchestration", "dashboards", "connect", "deploy", "tests", "pyproject.toml",
    "requirements.lock", "README.md", "Makefile", "CHANGELOG.md", "LICENSE",
}  # fmt: skip
MAX_LINES = 400


def tracked() -> list[Path]:
    output = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in output.splitlines() if (ROOT / name).is_file()]


def test_top_level_is_fixed() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_every_room_has_a_readme() -> None:
    rooms = [ROOT / name for name in ("app", "pipelines", "dbt", "orchestration", "dashboards", "connect",
                                      "deploy", "tests")]  # fmt: skip

    assert [room.name for room in rooms if not (room / "README.md").exists()] == []


def test_no_python_in_the_dbt_project() -> None:
    assert [path for path in tracked() if path.is_relative_to(ROOT / "dbt") and path.suffix == ".py"] == []


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert lock.count("--hash=sha256:") > lock.count("==")
    for path in (ROOT / "requirements.lock", ROOT / "connect/jgo.lock.toml"):
        assert re.findall(r"https?://|index-url|find-links", path.read_text()) == [], path


def test_no_file_has_outgrown_its_name() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py" and (count := len(path.read_text().splitlines())) > MAX_LINES
    }

    assert long == {}
