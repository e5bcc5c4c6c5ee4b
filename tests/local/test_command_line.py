"""``python -m local`` as a person meets it, without a running cloud."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from local.__main__ import main
from local.cloud import EmbeddedCloud, local_api_url
from local.demos.platforms import DEMOS
from local.host.errors import StartError, StateError
from local.host.project import PROJECT
from local.host.settings import Settings


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
    assert set(DEMOS) == {path.name for path in (PROJECT / "templates").iterdir() if path.is_dir()}


def test_the_demo_says_at_once_what_a_platform_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_PATH", "")
    assert main(["demo", "--platform", "transactions"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "MariaDB is not on this machine" in err
    assert "apt-get install mariadb-server-core" in err


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "abc", "4566.5", ""])
def test_an_invalid_port_is_reported_with_the_valid_range(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """99999 ended in an OverflowError with a traceback."""
    with pytest.raises(SystemExit) as ended:
        main(["up", "--port", port])
    assert ended.value.code == 2
    assert f"{port!r} is no port: give 1 to 65535, or 0 for a free one" in capsys.readouterr().err


def test_a_port_out_of_range_is_a_failed_start() -> None:
    with pytest.raises(StartError, match="there is no port 99999: they are 1 to 65535"):
        EmbeddedCloud(port=99999).start()


def test_a_port_of_the_systems_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_in_use(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    class Socket(socket.socket):
        bind = raise_in_use

    monkeypatch.setattr("local.host.ports.socket.socket", Socket)
    with pytest.raises(StartError, match=r"may not listen at port 80 \(Permission denied\): choose one above 1023"):
        EmbeddedCloud(port=80).start()


def test_files_in_the_place_of_folders_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    state = ["--state", str(tmp_path / "state.json")]
    for options, message in (
        (["--keep", str(file)], f"its state cannot be kept in {file} (File exists)"),
        (["--keep", str(file / "below")], f"its state cannot be kept in {file / 'below'} (Not a directory)"),
        (["--postgres-bin", str(tmp_path / "bin")], f"{tmp_path / 'bin'} holds no program postgres"),
        (["--postgres-bin", str(file)], f"{file} holds no program postgres"),
    ):
        assert main(["up", *options, *state]) == 1
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [file]


def test_an_invalid_kept_port_is_reported(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("soon")
    with pytest.raises(StartError, match=f"{tmp_path / 'port'} holds no port: remove it, or give --port"):
        EmbeddedCloud(keep=tmp_path).start()


OLDER = {"settings": {"port": 4566, "run_directory": "/nowhere"}, "guard": 1}


@pytest.mark.parametrize("command", ["up", "down", "env", "status"])
@pytest.mark.parametrize("content", ["", '{"settings": {"po', "[]", "null", json.dumps(OLDER)])
def test_a_damaged_state_file_is_reported_with_what_to_do(
    command: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half-written, empty, or of another version."""
    state = tmp_path / "state.json"
    state.write_text(content)
    assert main([command, "--state", str(state)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"The state file {state} is damaged")
    assert f"Remove it: rm {state}." in err
    assert err.count("\n") == 1
    assert state.read_text() == content


def test_a_state_file_never_leads_to_removing_a_folder_that_is_not_a_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    valuable = tmp_path / "valuable"
    valuable.mkdir()
    state = tmp_path / "state.json"
    write_state(state, valuable, guard=1)
    assert main(["down", "--state", str(state)]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert valuable.exists()


def test_a_state_file_that_is_a_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("up", "down", "env", "status"):
        assert main([command, "--state", str(tmp_path)]) == 1
        assert "cannot be read (Is a directory)" in capsys.readouterr().err


def test_down_removes_the_files_of_a_killed_embedded_aws(tmp_path: Path) -> None:
    run_directory = tmp_path / "embedded-aws-x"
    run_directory.mkdir()
    state = tmp_path / "state.json"
    write_state(state, run_directory, guard=os.getpid())  # the number has gone to another process since
    assert main(["down", "--state", str(state)]) == 0
    assert list(tmp_path.iterdir()) == []


def test_state_is_written_whole_and_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with root's credentials was readable for a moment if the umask allows it, and could stay half-written."""
    modes = []
    replace = os.replace

    def look(source: str, target: Path) -> None:
        modes.append(stat.S_IMODE(os.stat(source).st_mode))
        assert json.loads(Path(source).read_text())["access_key"]
        assert target.read_text() == "old"
        replace(source, target)

    monkeypatch.setattr("local.launch.state_file.os.replace", look)
    monkeypatch.setattr(EmbeddedCloud, "guard_pid", 4711)
    state = tmp_path / "state.json"
    state.write_text("old")
    write_state(tmp_path / "other.json", tmp_path / "embedded-aws-x", guard=4711)
    before = os.umask(0)
    try:
        EmbeddedCloud.load(tmp_path / "other.json").save(state)
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"state.json", "other.json"}


def test_a_state_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_state(tmp_path / "state.json", tmp_path / "embedded-aws-x", guard=4711)
    cloud = EmbeddedCloud.load(tmp_path / "state.json")
    monkeypatch.setattr(EmbeddedCloud, "guard_pid", 4711)
    monkeypatch.setattr("local.launch.state_file.os.replace", full)
    with pytest.raises(StateError, match=r"cannot be written \(No space left on device\)"):
        cloud.save(tmp_path / "new.json")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_a_shell_gets_back_what_env_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but closing the shell undid the eval. It must also work when no cloud runs any more."""
    write_state(tmp_path / "state.json", tmp_path / "embedded-aws-x", guard=4711)
    taken = set(EmbeddedCloud.load(tmp_path / "state.json").environment())
    assert main(["env", "--unset", "--state", str(tmp_path / "none.json")]) == 0
    script = capsys.readouterr().out
    listing = subprocess.run(
        ["sh", "-c", f"{script}\nenv"],
        env={**dict.fromkeys(taken, "x"), "MINE": "stays"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {line.partition("=")[0] for line in listing.splitlines()}
    assert "MINE" in names
    assert not names & taken


@pytest.mark.parametrize("command", ["up", "down", "env", "status"])
def test_interruption_of_a_command_is_one_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    state = tmp_path / "state.json"
    write_state(state, tmp_path / "embedded-aws-x", guard=4711)
    monkeypatch.setattr(EmbeddedCloud, "is_running", interrupt)
    monkeypatch.setattr(EmbeddedCloud, "stop", interrupt)
    monkeypatch.setattr(EmbeddedCloud, "is_alive", lambda cloud: True)
    assert main([command, "--state", str(state)]) == 130
    ends = "The embedded AWS ends on its own; `make down` waits until it has."
    goes_on = "The embedded AWS goes on running at https://127.0.0.1:4566; `make demo` continues with it, `make down` stops it."
    assert capsys.readouterr().err == f"\nInterrupted. {ends if command == 'down' else goes_on}\n"


def write_state(file: Path, run_directory: Path, *, guard: int) -> None:
    settings = Settings(4566, run_directory, run_directory / "ca", run_directory / "cert", run_directory / "key")
    state = {"settings": json.loads(settings.to_json()), "guard": guard, "access_key": "A", "secret_key": "S"}
    file.write_text(json.dumps(state))
