"""`python -m local` as a person meets it, without a running cloud."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.__main__ import main
from local.cloud import EmbeddedCloud, local_api_url
from local.demo import PROJECT
from local.demos import USES
from local.errors import StartError


@pytest.mark.parametrize("command", ["down", "env", "status"])
def test_commands_say_that_nothing_is_up(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--state", str(tmp_path / "state.json")]) == 1
    assert "python -m local up" in capsys.readouterr().err


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} of 127.0.0.1 is taken"):
            EmbeddedCloud(port=port).start()


def test_invoke_urls_map_to_the_emulators() -> None:
    url = "https://a1b2c3d4.execute-api.us-east-1.amazonaws.com/live/v1/bars/ACME?interval=1m"
    assert (
        local_api_url(url, "https://127.0.0.1:4566")
        == "https://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/live/v1/bars/ACME?interval=1m"
    )


def test_other_urls_are_no_invoke_urls() -> None:
    with pytest.raises(ValueError, match="not an API Gateway invoke URL"):
        local_api_url("https://example.com/live", "https://127.0.0.1:4566")


def test_every_platform_has_its_part_of_the_demo() -> None:
    assert set(USES) == {path.name for path in (PROJECT / "templates").iterdir() if path.is_dir()}


def test_the_demo_says_at_once_what_a_platform_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_PATH", "")
    assert main(["demo", "--platform", "transactions"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "MariaDB is not on this machine" in err
    assert "apt-get install mariadb-server-core" in err
