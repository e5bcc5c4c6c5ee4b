"""generate.py writes, compares and draws, and emits the same bytes everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import generate
from builders.contract.errors import NamingError
from builders.platforms import PLATFORMS
from tests.builders.support.paths import PROJECT
from tests.builders.support.resources import templates


def run(*arguments: object) -> int:
    return generate.main([str(argument) for argument in arguments])


def test_committed_templates_are_what_the_builders_emit() -> None:
    assert run("--check", "--quiet") == 0


def test_check_shows_a_diff_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--out", tmp_path, "--quiet")
    stale = tmp_path / "trading" / "tables.yaml"
    before = stale.read_text().replace("PAY_PER_REQUEST", "PROVISIONED", 1)
    stale.write_text(before)
    assert run("--check", "--quiet", "--out", tmp_path) == 1
    shown = capsys.readouterr()
    assert "-      BillingMode: PROVISIONED\n+      BillingMode: PAY_PER_REQUEST\n" in shown.out
    assert "make templates" in shown.err
    assert stale.read_text() == before


def test_check_finds_missing_and_obsolete_templates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--out", tmp_path, "--quiet")
    (tmp_path / "trading" / "tables.yaml").rename(tmp_path / "trading" / "gone.yaml")
    assert run("--check", "--quiet", "--out", tmp_path) == 1
    assert "2 template(s) are stale" in capsys.readouterr().err


def test_writing_deletes_the_template_of_a_removed_tier(tmp_path: Path) -> None:
    folder = tmp_path / "trading"
    folder.mkdir()
    (folder / "gone.yaml").write_text("Resources: {}\n")
    (folder / "notes.txt").write_text("mine")
    run("--out", tmp_path, "--quiet")
    assert not (folder / "gone.yaml").exists()
    assert (folder / "notes.txt").exists()


def test_json_says_the_same_as_yaml(tmp_path: Path) -> None:
    run("--format", "json", "--out", tmp_path, "--quiet")
    written = json.loads((tmp_path / "trading" / "tables.json").read_text())
    assert written == json.loads(json.dumps(templates("trading")["tables"]))
    root = json.loads((tmp_path / "trading" / "root.json").read_text())
    assert root["Resources"]["Tables"]["Properties"]["TemplateURL"] == "tables.json"


def test_bytes_do_not_depend_on_the_hash_seed_the_locale_or_the_folder(tmp_path: Path) -> None:
    outputs = []
    for number, extra in enumerate(
        ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"})
    ):
        out = tmp_path / str(number)
        subprocess.run(
            [sys.executable, PROJECT / "generate.py", "--quiet", "--out", out],
            cwd=tmp_path,
            env={**os.environ, **extra},
            check=True,
        )
        outputs.append({path.name: path.read_bytes() for path in sorted((out / "trading").iterdir())})
    assert outputs[0] == outputs[1]
    assert outputs[0]["root.yaml"] == (PROJECT / "templates" / "trading" / "root.yaml").read_bytes()


def test_graph_draws_every_tier_and_the_ports_between_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--graph", "--platform", "trading") == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("flowchart LR\n")
    assert "    Keys[keys]\n" in drawn
    assert any(line.strip().startswith("Network --") and "VpcId" in line for line in drawn.splitlines())


def test_a_file_without_markers_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine\n")
    assert run("--graph", page) == 1
    assert page.read_text() == "mine\n"
    assert "<!-- graph:trading -->" in capsys.readouterr().err


@pytest.mark.parametrize("platform", PLATFORMS)
def test_docs_show_the_graph_as_it_is(platform: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("--graph", "--platform", platform)
    assert capsys.readouterr().out in (PROJECT / "docs" / "graphs.md").read_text()


def test_report_measures_every_template_against_the_quotas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--out", tmp_path)
    shown = capsys.readouterr().out
    assert all(f"trading/{name}.yaml" in shown for name in templates("trading"))
    assert "/ 51,200" in shown
    assert "/ 500" in shown


def test_an_error_of_the_builders_is_printed_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise NamingError("Bucket (AWS::S3::Bucket)", "x" * 80, "can become 80 characters long")

    monkeypatch.setattr(generate, "check", fail)
    assert run("--check") == 1
    assert "can become 80 characters long" in capsys.readouterr().err
