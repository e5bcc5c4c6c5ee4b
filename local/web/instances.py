"""An instance of an Auto Scaling group as a process of this machine.

The user data itself is not run: it installs packages of Amazon Linux and systemd units. Its `export` lines are taken,
and the rest of the boot is done in its place, with nothing but the credentials of the instance profile's role: get the
artifact, unpack it, run what its systemd unit says (ExecStartPre, ExecStart; /run/<service> is a folder of the
instance's own), wait for /health, signal CloudFormation. What
the CloudWatch agent does on an instance is done as well: the service's log goes to the log group that the user data names.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.host.aws import client_config, client_credentials, new_session
from local.host.errors import StartError
from local.host.files import tail
from local.host.ports import free_port
from local.host.process import GuardedProcess
from local.web.log_shipper import LogShipper
from local.web.target_tls import unverified

logger = logging.getLogger("local.web")

HEALTH_TIMEOUT = 45.0
"""Seconds until a boot without /health counts as failed; builders/boot.sh gives a real instance 120."""

_OF_THE_HOST = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
_OF_THE_CLOUD = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "MYSQL_SSL_CA", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


@dataclass(frozen=True)
class Launch:
    """What a version of a launch template says about an instance.

    Attributes:
        version: "<launch template id>:<number>".
        exports: the NAME=value lines of the user data.
        image, kind, profile: AMI id, instance type, ARN or name of the instance profile.
    """

    version: str
    exports: Mapping[str, str]
    image: str
    kind: str
    profile: str
    groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: str, data: Mapping[str, Any]) -> Launch:
        """From LaunchTemplateData, as the template gives it."""
        profile = data.get("IamInstanceProfile") or {}
        return cls(
            version,
            exports_of(base64.b64decode(data.get("UserData", "")).decode()),
            str(data.get("ImageId", "")),
            str(data.get("InstanceType", "")),
            str(profile.get("Arn") or profile.get("Name") or ""),
            tuple(data.get("SecurityGroupIds") or ()),
        )


def exports_of(user_data: str) -> dict[str, str]:
    """The variables that a script's `export NAME='value'` lines set."""
    found: dict[str, str] = {}
    for line in user_data.splitlines():
        if line.startswith("export "):
            words = shlex.split(line)[1:]
            found |= dict(word.split("=", 1) for word in words if "=" in word)
    return found


@dataclass
class Instance:
    """One instance. `boot` starts it, in the caller's thread; `stop` ends it.

    Attributes:
        credentials: of the role in its instance profile, as STS gives them.
        port: where its service listens on 127.0.0.1.
        healthy, failed: how its boot went, once it has.
    """

    identifier: str
    zone: str
    launch: Launch
    credentials: Mapping[str, str]
    directory: Path
    port: int = field(default_factory=free_port)
    healthy: bool = False
    failed: bool = False
    _process: GuardedProcess | None = field(default=None, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _shipper: LogShipper | None = field(default=None, repr=False)
    _scheme: str = "http"

    def boot(self) -> None:
        """Fetch, start, wait for /health, signal. What goes wrong is signalled, logged, and raises nothing."""
        try:
            release = self._fetch()
            self._start(release)
            self._wait_for_health()
        except (BotoCoreError, ClientError, OSError, StartError, zipfile.BadZipFile, KeyError, ValueError) as error:
            self.failed = True
            logger.warning("%s did not boot: %s\n%s", self.identifier, error, self.log_tail())
            self._report(error)
            self._signal("FAILURE")
        else:
            self.healthy = True
            self._signal("SUCCESS")

    def is_running(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.is_running

    def has_ended(self) -> bool:
        """Whether it will not serve any more: its boot failed, or its service ended."""
        return self.failed or (self.healthy and not self.is_running())

    def stop(self) -> None:
        """SIGTERM, the service's orderly end, SIGKILL after GRACE_SECONDS seconds; its files go. Harmless when nothing runs."""
        self._stopped.set()
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        if self._shipper is not None:
            self._shipper.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that its process wrote."""
        return tail(self.directory / "console.log", lines)

    # -- the boot's steps ---------------------------------------------------------------------------------------------

    def _fetch(self) -> Path:
        """The unpacked artifact. Raises StartError where its content is not what its key says."""
        exports = self.launch.exports
        key = exports["ARTIFACT_KEY"]
        body = self._client("s3").get_object(Bucket=exports["ARTIFACT_BUCKET"], Key=key)["Body"].read()
        release = self.directory / "release"
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if content_digest(archive) != Path(key).stem:
                raise StartError(f"The instance {self.identifier}", "the artifact does not hold what its key says")
            archive.extractall(release)
        return release

    def _start(self, release: Path) -> None:
        if self._stopped.is_set():
            raise StartError(f"The instance {self.identifier}", "it was terminated")
        service_log = self.directory / "service.log"
        environment = {name: os.environ[name] for name in (*_OF_THE_HOST, *_OF_THE_CLOUD) if name in os.environ}
        environment |= dict(self.launch.exports)
        environment |= self._prepare(release)
        environment |= {
            "AWS_DEFAULT_REGION": self.launch.exports["REGION"],
            "AWS_ACCESS_KEY_ID": self.credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self.credentials["SessionToken"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "PORT": str(self.port),
            "BIND_ADDRESS": "127.0.0.1",
            "LOG_FILE": str(service_log),
            "WEB_WORKERS": "1",  # a laptop, not a t3.large
            "PYTHONPATH": str(release),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # Only what the artifact holds: not the packages that are installed here.
        command = [sys.executable, "-S", "-s", *start_command(release)]
        self._process = GuardedProcess.start(
            command, self.directory / "console.log", environment=environment, directory=release
        )
        group = self.launch.exports.get("LOG_GROUP")
        if group:
            stream = f"{self.identifier}/{_service_of(release)}"
            self._shipper = LogShipper(self._client("logs"), group, stream, service_log)

    def _prepare(self, release: Path) -> dict[str, str]:
        """Run the unit's ExecStartPre; the variables of its Environment. Raises StartError."""
        unit = _unit_of(release)
        run = self.directory / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        lines = [line.replace(f"/run/{unit.stem}", str(run)) for line in unit.read_text().splitlines()]
        for line in lines:
            if line.startswith("ExecStartPre="):
                command = shlex.split(line.removeprefix("ExecStartPre="))
                done = subprocess.run(command, cwd=release, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise StartError(f"The instance {self.identifier}", f"{command[0]}: {done.stderr.strip()}")
        words = [word for line in lines if line.startswith("Environment=") for word in shlex.split(line)]
        found = dict(word.removeprefix("Environment=").split("=", 1) for word in words)
        self._scheme = "https" if "TLS_DIRECTORY" in found else "http"
        return found

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + HEALTH_TIMEOUT
        reason: object = "no answer"
        while time.monotonic() < deadline:
            if not self.is_running():
                raise StartError(f"The instance {self.identifier}", "its service ended")
            try:
                url = f"{self._scheme}://127.0.0.1:{self.port}/health"
                with urllib.request.urlopen(url, timeout=5, context=unverified()):
                    return
            except (OSError, urllib.error.URLError) as error:
                reason = error
            time.sleep(0.1)
        raise StartError(f"The instance {self.identifier}", f"not healthy after {HEALTH_TIMEOUT:.0f} s: {reason}")

    def _signal(self, status: str) -> None:
        """As the boot script does it: with the instance's own role, which must be allowed to."""
        exports = self.launch.exports
        if self._stopped.is_set() or "SIGNAL_RESOURCE" not in exports:
            return
        try:
            self._client("cloudformation").signal_resource(
                StackName=exports["STACK_NAME"],
                LogicalResourceId=exports["SIGNAL_RESOURCE"],
                UniqueId=self.identifier,
                Status=status,
            )
        except (BotoCoreError, ClientError) as error:
            # Nobody waits for the signal of an instance that is started outside a stack operation.
            logger.info("%s: signal %s was not taken: %s", self.identifier, status, error)

    def _report(self, error: Exception) -> None:
        group = self.launch.exports.get("LOG_GROUP")
        if not group or self._stopped.is_set():
            return
        logs, stream = self._client("logs"), f"{self.identifier}/boot"
        message = json.dumps({"level": "ERROR", "message": "boot failed", "reason": str(error)[:1000]})
        try:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            event = {"timestamp": int(time.time() * 1000), "message": message}
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
        except (BotoCoreError, ClientError) as refused:
            logger.warning("%s: the reason could not be logged: %s", self.identifier, refused)

    def _client(self, service: str) -> Any:
        """A boto3 client with the instance's role and nothing else."""
        return new_session().client(
            service,
            region_name=self.launch.exports.get("REGION"),
            config=client_config(attempts=2),
            **client_credentials(self.credentials),
        )


def content_digest(archive: zipfile.ZipFile) -> str:
    """SHA-256 over every path with the SHA-256 of its bytes: what an artifact's key ends in (builders/boot.sh)."""
    total = hashlib.sha256()
    for path in sorted(archive.namelist()):
        total.update(f"{path}\0{hashlib.sha256(archive.read(path)).hexdigest()}\n".encode())
    return total.hexdigest()


def start_command(release: Path) -> list[str]:
    """The arguments after the interpreter in the ExecStart of the artifact's systemd unit.

    Raises StartError where the artifact has no such unit, or its command is none of Python's.
    """
    unit = _unit_of(release)
    for line in unit.read_text().splitlines():
        if line.startswith("ExecStart="):
            interpreter, *arguments = shlex.split(line.removeprefix("ExecStart="))
            if Path(interpreter).name.startswith("python"):
                return arguments
    raise StartError(unit.name, "it has no ExecStart that runs Python")


def _unit_of(release: Path) -> Path:
    """`<service>/system/<service>.service`."""
    found = [unit for unit in release.glob("*/system/*.service") if unit.stem == unit.parent.parent.name]
    if len(found) != 1:
        raise StartError("The artifact", f"it has {len(found)} systemd units <service>/system/<service>.service")
    return found[0]


def _service_of(release: Path) -> str:
    return _unit_of(release).stem
