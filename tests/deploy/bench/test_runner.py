"""Running a bench: exit codes, what goes where, and what is left on disk."""

import inspect
import json
from importlib import import_module
from pathlib import Path

import pytest

from deploy.bench import runner
from deploy.bench.figures import Figure, Reference
from tests.deploy.bench import sample

GOOD = Figure("speed", "x", "higher", (1.0, 2.0, 3.0), 1.5, Reference("limit", (9.0, 9.5, 10.0)))
BAD = Figure("delay", "ms", "lower", (200.0,), 100.0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTRAIL_HOME", str(tmp_path))
    monkeypatch.setattr(runner, "BENCHES", {"sample": "tests.deploy.bench.sample"})
    monkeypatch.setattr(sample, "FIGURES", [])
    return tmp_path


def test_json_goes_to_stdout_alone_and_stays_on_disk(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sample, "FIGURES", [GOOD])

    code = runner.run("sample", json_output=True)

    printed = capsys.readouterr()
    assert code == 0
    assert json.loads(printed.out) == {"bench": "sample", "figures": [GOOD.to_json()]}
    assert json.loads((home / "bench" / "sample.json").read_text()) == json.loads(printed.out)
    assert "measuring" in printed.err


def test_table_shows_the_reference_with_its_spread(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(sample, "FIGURES", [GOOD, BAD])

    code = runner.run(None, json_output=False)

    printed = capsys.readouterr().out
    assert code == runner.BELOW_GOAL
    assert "9 – 10" in printed
    assert "missed" in printed


def test_unknown_bench_is_a_usage_error_that_names_the_known_ones(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run("speling", json_output=False) == runner.USAGE
    assert "the benches are: sample" in capsys.readouterr().err


def test_bench_that_cannot_measure_says_why_and_leaves_no_figures(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run("sample", json_output=True) == runner.FAILED

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "there was nothing to measure" in printed.err
    assert not (home / "bench").exists()


@pytest.mark.parametrize("module", runner.BENCHES.values(), ids=list(runner.BENCHES))
def test_every_bench_takes_what_the_command_was_asked_for(module: str) -> None:
    assert list(inspect.signature(import_module(module).measure).parameters) == ["progress", "options"]
