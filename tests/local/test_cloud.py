"""The life of an embedded AWS: start, several at once, stop, a killed owner, kept state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from local.__main__ import main
from local.cloud import EmbeddedCloud
from local.host.errors import StartError
from local.host.project import PROJECT
from tests.local.support.databases import DATABASE, master
from tests.local.support.processes import processes_of, wait_until_gone
from tests.local.support.stacks import change, delete
from tests.support.processes import popen

pytestmark = pytest.mark.emulator


def test_environment_points_the_sdk_at_the_cloud_and_nothing_else(cloud: EmbeddedCloud) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    environment = {"PATH": os.environ["PATH"], **cloud.environment()}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "arn:aws:iam::111122223333:root"
    assert environment["AWS_ENDPOINT_URL"].startswith("https://127.0.0.1:")


def test_wrong_credentials_are_rejected(cloud: EmbeddedCloud) -> None:
    stranger = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wrong"}
    client = cloud.client("s3", stranger)
    with pytest.raises(client.exceptions.ClientError, match="InvalidAccessKeyId"):
        client.list_buckets()


def test_a_second_cloud_shares_nothing_and_stop_leaves_nothing(cloud: EmbeddedCloud) -> None:
    cloud.client("sqs").create_queue(QueueName="of-the-first")
    with EmbeddedCloud() as second:
        run_directory = second.settings.run_directory
        change(second, "db", DATABASE)
        assert second.client("sqs").list_queues().get("QueueUrls", []) == []
        assert any("postgres" in line for line in processes_of(run_directory))
    assert wait_until_gone(run_directory) == []
    assert not run_directory.exists()
    cloud.client("sqs").delete_queue(QueueUrl=cloud.client("sqs").get_queue_url(QueueName="of-the-first")["QueueUrl"])


def test_nothing_outlives_a_killed_test_run() -> None:
    program = (
        "import time; from local.cloud import EmbeddedCloud; from tests.local.support.stacks import change; "
        "from tests.local.support.databases import DATABASE; "
        "cloud = EmbeddedCloud(); cloud.start(); change(cloud, 'db', DATABASE); "
        "print(cloud.settings.run_directory, flush=True); time.sleep(60)"
    )
    owner = popen([sys.executable, "-c", program], stdin=None)
    assert owner.stdout is not None
    run_directory = Path(owner.stdout.readline().strip())
    assert any("postgres" in line for line in processes_of(run_directory))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert wait_until_gone(run_directory) == []
    assert not run_directory.exists()


def test_a_failed_start_shows_the_end_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "local.cloud.command_line", lambda settings: [sys.executable, "-c", "raise SystemExit('oh no')"]
    )
    with pytest.raises(StartError) as failure:
        EmbeddedCloud().start()
    assert failure.value.log_tail == "oh no"


def test_another_emulator_version_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    from local.host.errors import EmulatorMismatchError
    from local.launch import emulator

    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.0.0")
    with pytest.raises(EmulatorMismatchError, match=r"expected ministack 1\.5\.33, found ministack 2\.0\.0"):
        emulator.check_version()


def test_unknown_binaries_fail_the_start_with_their_path(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=str(tmp_path)):
        EmbeddedCloud(postgres_binaries=tmp_path).start()


def test_kept_state_survives_with_its_port_and_its_database() -> None:
    with tempfile.TemporaryDirectory() as directory:
        keep = Path(directory)
        keep.chmod(0o755)  # the database server runs as another user where this one is root
        with EmbeddedCloud(keep=keep) as first:
            endpoint = first.endpoint
            first.client("s3").create_bucket(Bucket="kept")
            first.client("s3").put_object(Bucket="kept", Key="key", Body=b"value")
            assert change(first, "db", DATABASE).status == "CREATE_COMPLETE"
            with master(first, "kept") as connection:
                connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with EmbeddedCloud(keep=keep) as second:
            assert second.endpoint == endpoint
            assert second.client("s3").get_object(Bucket="kept", Key="key")["Body"].read() == b"value"
            with master(second, "kept") as connection:
                assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            assert delete(second, "db").status == "DELETE_COMPLETE"
            assert [path.name for path in (keep / "postgres").iterdir()] == []


def test_up_env_status_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = ["--state", str(tmp_path / "state.json")]
    assert main(["up", *state]) == 0
    cloud = EmbeddedCloud.load(tmp_path / "state.json")
    run_directory = cloud.settings.run_directory
    try:
        assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0
        assert main(["up", *state]) == 1
        capsys.readouterr()
        assert main(["env", *state]) == 0
        assert f"export AWS_ENDPOINT_URL={cloud.endpoint}" in capsys.readouterr().out
        assert main(["status", *state]) == 0
        assert cloud.endpoint in capsys.readouterr().out
    finally:
        assert main(["down", *state]) == 0
    assert wait_until_gone(run_directory) == []
    assert main(["status", *state]) == 1


def test_down_ends_everything_on_a_loaded_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``down`` failed with "process 15956 does not end": ending the databases and removing files took 20 seconds."""
    state = ["--state", str(tmp_path / "state.json")]
    assert main(["up", *state]) == 0
    cloud = EmbeddedCloud.load(tmp_path / "state.json")
    run_directory = cloud.settings.run_directory
    change(cloud, "db", DATABASE)
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
    try:
        assert main(["down", *state]) == 0
        assert processes_of(run_directory) == []
        assert not run_directory.exists()
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert capsys.readouterr().out.endswith("The embedded AWS is down.\n")


def test_an_interrupted_start_leaves_nothing(tmp_path: Path) -> None:
    """The emulator runs in a session of its own: nothing but its starter could end it."""
    state = tmp_path / "state.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state", str(state)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not state.exists() and process.poll() is None:
        time.sleep(0.005)
    run_directory = EmbeddedCloud.load(state).settings.run_directory
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "\nInterrupted. Nothing keeps running.\n")
    assert process.returncode == 130
    assert processes_of(run_directory) == []
    assert not run_directory.exists()
    assert not state.exists()


def test_an_embedded_aws_that_does_not_answer_is_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second one took the state file, and no command could end the first."""
    state = ["--state", str(tmp_path / "state.json")]
    assert main(["up", *state]) == 0
    try:
        monkeypatch.setattr(EmbeddedCloud, "is_running", lambda cloud: False)
        assert main(["up", *state]) == 1
        assert "is there but does not answer" in capsys.readouterr().err
    finally:
        assert main(["down", *state]) == 0
