"""EmbeddedCloud: starts, describes and stops one embedded AWS.

    with EmbeddedCloud() as cloud:
        s3 = cloud.client("s3")
        subprocess.run([...], env={**os.environ, **cloud.environment()})

Each instance has its own processes, ports, directory and credentials, so that parallel test workers take one each.
Nothing outlives it: the emulator and its PostgreSQL servers run under guards (`local.host.guard`) that end them when this
process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shlex
import shutil
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
import botocore.config

from entry import interrupts_held
from local.host.certificates import Certificates, ensure_certificates
from local.host.errors import StartError, StateError
from local.host.guard import command_of, end_guard, guarded_command
from local.host.ports import check_port, free_port
from local.host.settings import ACCOUNT, REGION, Settings
from local.launch.emulator import command_line, emulator_environment

START_TIMEOUT = 60.0
"""Seconds until a start counts as failed; two to four are usual, a loaded machine needs more."""

ORDERLY_END = 30.0
"""Seconds that the emulator gets: it ends its databases and instances one after the other, each with seconds of its own."""

LOG_TAIL_LINES = 40
RUN_DIRECTORY = "embedded-aws-"
"""How the name of a run directory begins."""

# One session for all clients: it keeps what it has read of the services' models, and a client takes a tenth of the time.
# Making clients of one session is not thread-safe, using them is.
_new_session: Any = functools.cache(vars(boto3)["Session"])
_session_lock = threading.Lock()
_new_config: Any = botocore.config.Config  # untyped, like all of botocore
_CLIENT_CONFIG = _new_config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})


class EmbeddedCloud:
    """One embedded AWS. A context manager; `start` and `stop` do the same by hand.

    `port` is the emulator's, 0 for a free one. `keep` is a directory in which the state survives (and with it the
    port, which is part of queue URLs). `detached` leaves the processes running when this one ends: then `stop` or
    `python -m local down` must end them, which finds them by the state file that `start` was given.
    `postgres_binaries` is a PostgreSQL bin directory other than the bundled one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        keep: Path | None = None,
        detached: bool = False,
        postgres_binaries: Path | None = None,
    ) -> None:
        self._requested_port = port
        self._keep = keep.resolve() if keep is not None else None
        self._detached = detached
        self._postgres_binaries = postgres_binaries.absolute() if postgres_binaries is not None else None
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded_guard: int | None = None
        self._settings: Settings | None = None
        self._access_key = "AKIA" + secrets.token_hex(8).upper()
        self._secret_key = secrets.token_urlsafe(30)

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, state: Path | None = None) -> None:
        """Start emulator and PostgreSQL and return when both are healthy.

        `state` is the file for `load`, written as soon as there is a process that somebody may have to end. Whatever
        ends the start early, Ctrl-C included, ends the processes and removes the file.
        Raises StartError, with the end of the emulator's log, when they are not healthy within START_TIMEOUT seconds.
        """
        self._check_binaries()
        port = self._choose_port()
        run_directory = Path(tempfile.mkdtemp(prefix=RUN_DIRECTORY))
        try:
            (run_directory / "tmp").mkdir()
            certificates = ensure_certificates(run_directory / "tls")
            self._settings = _settings(port, run_directory, certificates, self._keep, self._postgres_binaries)
            with interrupts_held():  # a process of which nobody knows would stay
                self._process = self._spawn()
                if state is not None:
                    self.save(state)
            self._wait_until_healthy()
        except BaseException:
            with interrupts_held():
                self.stop()
                shutil.rmtree(run_directory, ignore_errors=True)
                if state is not None:
                    with contextlib.suppress(OSError):  # it may be what the start failed at
                        state.unlink()
            raise

    def stop(self, tell: Callable[[str], None] = lambda line: None) -> None:
        """End the processes and remove the run directory. Harmless when nothing runs.

        `tell` gets a line where that takes long. Raises StateError when the processes are another user's.
        """
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            if process.poll() is None:
                end_guard(process.pid, tell)
            process.wait()
        guard, self._loaded_guard = self._loaded_guard, None
        if guard is not None and _is_guard(guard, self.settings.run_directory):
            try:
                end_guard(guard, tell)
            except PermissionError as error:
                raise StateError(
                    f"The embedded AWS is another user's (process {guard}): only they can stop it"
                ) from error
        settings, self._settings = self._settings, None
        if settings is not None:
            shutil.rmtree(settings.run_directory, ignore_errors=True)

    # -- detached -------------------------------------------------------------------------------------------------

    def save(self, file: Path) -> None:
        """Write what `load` needs to find this running cloud again, whole or not at all. Raises StateError.

        The file holds its root credentials: nobody else can read it, from its first byte on.
        """
        state = {
            "settings": json.loads(self.settings.to_json()),
            "guard": self.guard_pid,
            "access_key": self._access_key,
            "secret_key": self._secret_key,
        }
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 600
            try:
                with os.fdopen(descriptor, "w") as stream:
                    json.dump(state, stream, indent=1)
                os.replace(temporary, file)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"The state file {file} cannot be written ({error.strerror})") from error

    @classmethod
    def load(cls, file: Path) -> Self:
        """The running cloud that `save` described. Raises StateError when the file is not there, or damaged."""
        try:
            state = json.loads(file.read_text())
            settings = Settings.from_json(json.dumps(state["settings"]))
            guard, access_key, secret_key = int(state["guard"]), str(state["access_key"]), str(state["secret_key"])
        except FileNotFoundError:
            raise StateError("The embedded AWS is not up (start it with: python -m local up)") from None
        except OSError as error:
            raise StateError(f"The state file {file} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(_unusable(file, "is damaged, or of another version")) from error
        if not settings.run_directory.name.startswith(RUN_DIRECTORY):  # `stop` removes it
            raise StateError(_unusable(file, "is damaged"))
        cloud = cls(keep=settings.keep, detached=True)
        cloud._settings = settings
        cloud._access_key, cloud._secret_key = access_key, secret_key
        cloud._loaded_guard = guard
        return cloud

    def is_running(self) -> bool:
        """Whether this very cloud answers, and not another process at its port."""
        if self._settings is None:
            return False
        try:
            return bool(self.ask("/_local/health").get("instance") == self._settings.run_directory.name)
        except (OSError, ValueError):
            return False

    def is_alive(self) -> bool:
        """Whether its processes are there, whether it answers or not."""
        guard = self._process.pid if self._process is not None else self._loaded_guard
        return guard is not None and _is_guard(guard, self.settings.run_directory)

    def _check_binaries(self) -> None:
        folder = self._postgres_binaries
        if folder is not None and not (folder / "postgres").is_file():
            raise StartError("PostgreSQL", f"{folder} holds no program postgres: name its bin directory")

    def _choose_port(self) -> int:
        """The port asked for, the one of the kept state, or a free one."""
        if self._keep is None:
            port = self._requested_port or free_port()
            check_port(port)
            return port
        remembered = self._keep / "port"
        try:
            self._keep.mkdir(parents=True, exist_ok=True)
            port = self._requested_port or (int(remembered.read_text()) if remembered.exists() else free_port())
            check_port(port)
            remembered.write_text(str(port))
        except OSError as error:
            reason = f"its state cannot be kept in {self._keep} ({error.strerror})"
            raise StartError("The embedded AWS", f"{reason}: name a directory that is yours, or a new one") from error
        except ValueError as error:
            raise StartError("The embedded AWS", f"{remembered} holds no port: remove it, or give --port") from error
        return port

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = self.settings
        with self.log_file.open("wb") as log:
            return subprocess.Popen(
                guarded_command(
                    command_line(settings),
                    grace_seconds=ORDERLY_END,
                    detached=self._detached,
                    remove=settings.run_directory,
                ),
                stdin=subprocess.DEVNULL if self._detached else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=emulator_environment(settings, self._access_key, self._secret_key),
                cwd=settings.run_directory,
                start_new_session=True,
            )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        reason = "no answer"
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                code = None if self._process is None else self._process.returncode
                raise StartError("The emulator", f"its process ended with code {code}", self.log_tail())
            try:
                health = self.ask("/_local/health")
            except (OSError, urllib.error.URLError) as error:
                reason = str(error)
            else:
                state = str(health.get("postgres"))
                if state == "ready":
                    return
                if state.startswith("failed"):
                    raise StartError("PostgreSQL", state, self.log_tail())
                reason = f"PostgreSQL is {state}"
            time.sleep(0.05)
        raise StartError("The embedded AWS", f"{reason} after {START_TIMEOUT:.0f} s", self.log_tail())

    # -- what callers need ----------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The running emulator's settings. Raises StartError when it does not run."""
        if self._settings is None:
            raise StartError("The embedded AWS", "start() was not called")
        return self._settings

    @property
    def endpoint(self) -> str:
        return self.settings.endpoint

    @property
    def authority(self) -> Path:
        """The CA file that the emulator and the databases are verified with."""
        return self.settings.authority

    @property
    def guard_pid(self) -> int:
        """The process that ends everything when it gets SIGTERM."""
        if self._process is None:
            raise StartError("The embedded AWS", "start() was not called")
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Variables that point the AWS SDKs and CLI, and the TLS of database clients, at this cloud."""
        return variables(self.endpoint, str(self.authority), self._access_key, self._secret_key)

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """A boto3 client of this cloud, whatever the caller's environment says.

        `credentials` are those of STS (AccessKeyId, SecretAccessKey, SessionToken); root's without.
        """
        chosen = credentials or {"AccessKeyId": self._access_key, "SecretAccessKey": self._secret_key}
        with _session_lock:
            return _new_session().client(
                service,
                endpoint_url=self.endpoint,
                verify=str(self.authority),
                region_name=REGION,
                aws_access_key_id=chosen["AccessKeyId"],
                aws_secret_access_key=chosen["SecretAccessKey"],
                aws_session_token=chosen.get("SessionToken"),
                config=_CLIENT_CONFIG,
            )

    def api_url(self, url: str) -> str:
        """Map an API Gateway invoke URL of AWS to this cloud's.

        https://<id>.execute-api.<region>.amazonaws.com/<stage>/<path> becomes
        https://127.0.0.1:<port>/_aws/execute-api/<id>/<stage>/<path>. Sign (SigV4, service `execute-api`) for the
        mapped URL. Raises ValueError for another kind of URL.
        """
        return local_api_url(url, self.endpoint)

    def recorded(self) -> list[dict[str, Any]]:
        """Resources that exist only as a record, the emulator having no such service: Type, PhysicalId, Properties."""
        answer: list[dict[str, Any]] = self.ask("/_local/recorded")["resources"]
        return answer

    def leftovers(self) -> dict[str, list[str]]:
        """Everything that exists now and did not at the start, by service: empty after a complete destroy."""
        answer: dict[str, list[str]] = self.ask("/_local/leftovers")["leftovers"]
        return answer

    @property
    def log_file(self) -> Path:
        return self.settings.run_directory / "emulator.log"

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines of the emulator's log."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def ask(self, path: str) -> dict[str, Any]:
        """GET one of the launcher's own paths below /_local/. Raises OSError (URLError) when it does not answer."""
        context = ssl.create_default_context(cafile=str(self.authority))
        with urllib.request.urlopen(f"{self.endpoint}{path}", timeout=10, context=context) as answer:
            body: dict[str, Any] = json.load(answer)
        return body


def variables(endpoint: str = "", authority: str = "", access_key: str = "", secret_key: str = "") -> dict[str, str]:
    """The variables of `EmbeddedCloud.environment`."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": authority,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID": ACCOUNT,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": authority,
        "MYSQL_SSL_CA": authority,
    }


def local_api_url(url: str, endpoint: str) -> str:
    """See EmbeddedCloud.api_url."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").split(".")
    if len(labels) < 2 or labels[1] != "execute-api":
        raise ValueError(f"not an API Gateway invoke URL: {url}")
    query = f"?{parts.query}" if parts.query else ""
    return f"{endpoint}/_aws/execute-api/{labels[0]}{parts.path}{query}"


def _unusable(file: Path, fault: str) -> str:
    return (
        f"The state file {file} {fault}. Remove it: rm {shlex.quote(str(file))}. "
        "An embedded AWS that still runs is shown by `ps -ef | grep '[g]uard.py.*detached'`; end its process with `kill`."
    )


def _is_guard(pid: int, run_directory: Path) -> bool:
    """Whether `pid` is alive and the guard of that run: the number may have gone to another process since."""
    command = command_of(pid)
    return "guard.py" in command and str(run_directory) in command


def _settings(
    port: int,
    run_directory: Path,
    certificates: Certificates,
    keep: Path | None,
    postgres_binaries: Path | None,
) -> Settings:
    return Settings(
        port=port,
        run_directory=run_directory,
        authority=certificates.authority,
        certificate=certificates.certificate,
        key=certificates.key,
        keep=keep,
        postgres_binaries=postgres_binaries,
    )
