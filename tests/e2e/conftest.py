"""One embedded AWS and one copy of the project for each platform's end-to-end tests, which run in their order on one worker."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import main as deploy_main
from deploy.settings import Project
from local.clients.trading import TradingClient
from local.cloud import EmbeddedCloud

PROJECT = Path(__file__).parents[2]


def eventually(check: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true result of a check; fails with the last result when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {result!r}"
        time.sleep(0.2)


@dataclass
class Site:
    """A copy of the project whose templates and parameters a test may change, deployed to an embedded AWS.

    Attributes:
        root: the copy; lambda_src is the real one.
        platform: which platform the commands are about.
        said: what the last command printed to standard output and to standard error.
    """

    root: Path
    cloud: EmbeddedCloud
    read: Callable[[], tuple[str, str]]
    platform: str = "trading"
    said: tuple[str, str] = field(default=("", ""))

    def deploy(self, command: str, *options: str, environment: str = "dev") -> int:
        """One command of the deployer; gives its exit code."""
        target = ["--platform", self.platform, "--environment", environment]
        code = deploy_main([command, *target, *options], project=Project(self.root))
        self.said = self.read()
        return code

    def change(self, environment: str = "dev") -> int:
        """Plans, reviews and executes; gives the exit code of the first step that fails, or 0."""
        for command, *options in (("plan", "--wheels", "host"), ("review",), ("execute", "--yes")):
            if code := self.deploy(command, *options, environment=environment):
                return code
        return 0

    def edit_template(self, tier: str, old: str, new: str) -> None:
        """Changes one place of a template."""
        path = self.root / "templates" / self.platform / f"{tier}.yaml"
        text = path.read_text()
        assert text.count(old) >= 1, f"{tier}.yaml holds no {old!r}"
        path.write_text(text.replace(old, new, 1))

    def restore_templates(self) -> None:
        """The committed templates again."""
        shutil.copytree(PROJECT / "templates", self.root / "templates", dirs_exist_ok=True)

    def edit_parameters(self, environment: str = "dev", **values: str) -> None:
        """Changes parameters of an environment."""
        path = self.root / "params" / self.platform / f"{environment}.json"
        content = json.loads(path.read_text())
        content["Parameters"].update(values)
        path.write_text(json.dumps(content))

    def resources(self, stack: str, *types: str) -> list[dict[str, Any]]:
        """The resources of a nested stack tree, of the given types."""
        found: list[dict[str, Any]] = []
        for resource in self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                found += self.resources(resource["PhysicalResourceId"], *types)
            elif not types or resource["ResourceType"] in types:
                found.append(resource)
        return found

    def client(self, service: str) -> Any:
        """A boto3 client of the embedded AWS."""
        return self.cloud.client(service)

    @property
    def account(self) -> str:
        """The embedded AWS's account id."""
        return str(self.client("sts").get_caller_identity()["Account"])


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedCloud]:
    """The embedded AWS of one module's tests."""
    with EmbeddedCloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def site_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed."""
    root = tmp_path_factory.mktemp("site")
    for folder in ("templates", "params", "web_src"):
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "lambda_src").symlink_to(PROJECT / "lambda_src")
    # By content, so shared with the checkout: wheels are downloaded once, also for a later run without network.
    for cache in ("wheels", "artifacts"):
        (PROJECT / ".deploy" / cache).mkdir(parents=True, exist_ok=True)
        (root / ".deploy").mkdir(exist_ok=True)
        (root / ".deploy" / cache).symlink_to(PROJECT / ".deploy" / cache)
    return root


@pytest.fixture
def site(
    embedded: EmbeddedCloud,
    site_root: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Site:
    """The project's copy with the environment that reaches the embedded AWS and no other.

    The test module's PLATFORM is what its commands are about.
    """
    for name, value in embedded.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def read() -> tuple[str, str]:
        out, err = capsys.readouterr()
        return out, err

    return Site(site_root, embedded, read, getattr(request.module, "PLATFORM", "trading"))


@pytest.fixture
def client(site: Site) -> TradingClient:
    """A client of the deployed platform."""
    return TradingClient.of(site.cloud, "trading-dev")
