"""Packages are reproducible to the bit, complete, cached by content, and within Lambda's limits."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cfn.errors import TemplateError
from deploy.errors import ArtifactError
from deploy.packaging import artifacts, wheels
from deploy.settings import Project


def function(project: Project, name: str = "hello") -> artifacts.Source:
    return artifacts.Source(artifacts.FUNCTION, project.lambda_src / name)


def build(project: Project) -> artifacts.Artifact:
    return artifacts.build_artifact(function(project), project.work)


def write_service(project: Project, name: str = "shop") -> artifacts.Source:
    """A small service for instances: a package with a script, as web_src has them."""
    folder = project.web_src / name
    (folder / "system").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "server.py").write_text("PORT = 8080\n")
    (folder / "system" / "install.sh").write_text("#!/bin/bash\nset -e\n")
    return artifacts.Source(artifacts.SERVICE, folder)


def names(artifact: artifacts.Artifact) -> list[str]:
    with zipfile.ZipFile(artifact.path) as archive:
        return archive.namelist()


def write_wheel(folder: Path, name: str, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


@pytest.mark.requirement("T-FN-1")
def test_zip_holds_function_and_common_and_nothing_else(project: Project) -> None:
    caches = project.lambda_src / "hello" / "__pycache__"
    caches.mkdir()
    (caches / "handler.cpython-314.pyc").write_bytes(b"x")
    (project.lambda_src / "hello" / ".mypy_cache").mkdir()
    (project.lambda_src / "hello" / ".mypy_cache" / "a.json").write_text("{}")
    (project.lambda_src / "hello" / "requirements.in").write_text("")
    assert names(build(project)) == [
        "common/__init__.py",
        "common/greeting.py",
        "hello/__init__.py",
        "hello/handler.py",
    ]


@pytest.mark.requirement("T-FN-1")
def test_same_sources_give_the_same_bytes_whatever_clock_umask_and_zone(project: Project, tmp_path: Path) -> None:
    """Two processes package the same sources with different times, modes, umasks and time zones."""
    write_service(project)
    digests = []
    for zone, umask, moment in (("UTC", 0o022, 1_000_000_000), ("Pacific/Auckland", 0o077, 1_700_000_000)):
        for path in (*project.lambda_src.rglob("*"), *project.web_src.rglob("*")):
            os.utime(path, (moment, moment))
            if path.is_file():
                path.chmod(0o644 & ~umask)
        code = (
            "import os, sys, time; from pathlib import Path; from deploy.packaging import artifacts\n"
            f"time.tzset(); os.umask({umask})\n"
            f"sources = [artifacts.Source(artifacts.FUNCTION, Path({str(project.lambda_src / 'hello')!r})),"
            f" artifacts.Source(artifacts.SERVICE, Path({str(project.web_src / 'shop')!r}))]\n"
            "for built in artifacts.build_artifacts(sources, Path(sys.argv[1])): print(built.zip_sha256, built.sha256)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"cache{umask}")],
            env={**os.environ, "TZ": zone},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        digests.append(run.stdout.split())
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 4


def test_entries_are_sorted_and_readable_by_every_user(project: Project) -> None:
    (project.lambda_src / "hello" / "secret.txt").write_text("x")
    (project.lambda_src / "hello" / "secret.txt").chmod(0o600)
    with zipfile.ZipFile(build(project).path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_name_follows_the_content(project: Project) -> None:
    first = build(project)
    handler = project.lambda_src / "hello" / "handler.py"
    handler.write_text(handler.read_text() + "# changed\n")
    second = build(project)
    assert first.sha256 != second.sha256
    assert second.key == f"functions/hello/{second.sha256}.zip"


def test_change_of_common_changes_every_function(project: Project) -> None:
    first = build(project)
    (project.lambda_src / "common" / "greeting.py").write_text("def greet(m):\n    return {}\n")
    assert build(project).sha256 != first.sha256


def test_unchanged_function_is_not_packaged_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(project)
    monkeypatch.setattr(artifacts, "zip_bytes", lambda files, **_: pytest.fail("packaged again"))
    assert build(project) == first


def test_lost_zip_is_packaged_again(project: Project) -> None:
    first = build(project)
    Path(first.path).unlink()
    assert build(project) == first
    assert Path(first.path).is_file()


@pytest.mark.parametrize("size", ["zipped", "unzipped"])
def test_size_beyond_lambdas_limits_names_the_largest_files(
    project: Project, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    (project.lambda_src / "hello" / "model.bin").write_bytes(os.urandom(5000))
    limits = (4000, artifacts.MAX_UNZIPPED) if size == "zipped" else (artifacts.MAX_ZIPPED, 4000)
    monkeypatch.setattr(artifacts, "FUNCTION", replace(artifacts.FUNCTION, limits=limits))
    with pytest.raises(ArtifactError) as caught:
        build(project)
    assert f"MB {size}; Lambda takes" in str(caught.value)
    assert "The largest files: hello/model.bin" in str(caught.value)


def test_parameter_name_is_the_folder_in_pascal_case() -> None:
    assert artifacts.Source(artifacts.FUNCTION, Path("log_alerts")).parameter == "LogAlertsArtifactKey"


def match(project: Project, *keys: str) -> list[artifacts.Source]:
    root = {"Parameters": {key: {"Type": "String"} for key in keys}}
    return artifacts.match_sources("small", root, project.lambda_src, project.web_src)


def test_root_says_what_is_packaged_and_other_folders_are_ignored(project: Project) -> None:
    shop = write_service(project)
    assert match(project) == []
    assert match(project, "HelloArtifactKey") == [function(project)]
    assert match(project, "ShopArtifactKey", "HelloArtifactKey", "ArtifactBucket") == [function(project), shop]


def test_parameter_without_folder_says_what_to_make(project: Project) -> None:
    with pytest.raises(TemplateError) as caught:
        match(project, "LogAlertsArtifactKey", "OtherArtifactKey")
    assert "LogAlertsArtifactKey has no folder: make lambda_src/log_alerts/ with a handler.py or" in str(caught.value)
    assert "web_src/log_alerts/ with an __init__.py, or remove the parameter; Other" in str(caught.value)


def test_parameter_of_two_folders_names_both(project: Project) -> None:
    write_service(project, "hello")
    with pytest.raises(TemplateError, match="names two folders, lambda_src/hello/ and web_src/hello/: rename one"):
        match(project, "HelloArtifactKey")


class TestService:
    """A zip for instances: no folder beside it, executable scripts, wheels for their machine."""

    @pytest.mark.requirement("X-WEB-1")
    def test_zip_holds_the_folder_with_executable_scripts_whatever_their_mode(self, project: Project) -> None:
        shop = write_service(project)
        (shop.folder / "server.py").chmod(0o755)
        (shop.folder / "system" / "install.sh").chmod(0o600)
        (shop.folder / "requirements.in").write_text("")
        artifact = artifacts.build_artifact(shop, project.work)
        with zipfile.ZipFile(artifact.path) as archive:
            modes = {entry.filename: oct(entry.external_attr >> 16) for entry in archive.infolist()}
        assert modes == {
            "shop/__init__.py": "0o100644",
            "shop/server.py": "0o100644",
            "shop/system/install.sh": "0o100755",
        }
        assert artifact.key == f"web/shop/{artifact.sha256}.zip"

    def test_wheels_are_for_the_instances_machine(self) -> None:
        options = " ".join(artifacts.SERVICE.target.options)
        assert "--platform manylinux_2_34_x86_64" in options
        assert "aarch64" not in options

    def test_instances_install_and_run_the_python_that_the_wheels_are_for(self) -> None:
        """Wheels hold machine code for one version; the boot script and the units name it separately."""
        root = Path(artifacts.__file__).parents[2]
        texts = [root / "builders" / "transactions" / "boot.sh", *root.glob("web_src/*/system/*.service")]
        named = {version for path in texts for version in re.findall(r"python(3\.\d+)", path.read_text("utf-8"))}
        assert named == {wheels.INSTANCE_PYTHON}

    def test_locks_are_resolved_for_the_python_that_the_wheels_are_for(self) -> None:
        """`make lock` names the versions separately."""
        makefile = (Path(artifacts.__file__).parents[2] / "Makefile").read_text("utf-8")
        named = re.findall(r"--python-platform (aarch64|x86_64)\S+ --python-version (3\.\d+)", makefile)
        assert named == [("aarch64", wheels.FUNCTION_PYTHON), ("x86_64", wheels.INSTANCE_PYTHON)]


class TestWheels:
    """pip fetches the wheels, hash-pinned, for the function's machine; the test replaces pip."""

    @pytest.fixture
    def pip(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        calls: list[list[str]] = []

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            calls.append(command)
            destination = Path(command[command.index("--dest") + 1])
            files = {
                "lib/__init__.py": "x = 1",
                "lib-1.0.dist-info/METADATA": "Name: lib",
                "lib-1.0.data/scripts/run": "#!",
            }
            write_wheel(destination, "lib", **files, **{"lib-1.0.data/purelib/extra.py": "y = 2"})
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(subprocess, "run", run)
        return calls

    def pin(self, project: Project) -> Path:
        path = project.lambda_src / "hello" / "requirements.txt"
        path.write_text("lib==1.0 --hash=sha256:00\n")
        return path

    def test_wheels_are_at_the_top_without_scripts(self, project: Project, pip: list[list[str]]) -> None:
        self.pin(project)
        entries = names(build(project))
        assert {"lib/__init__.py", "lib-1.0.dist-info/METADATA", "extra.py"} <= set(entries)
        assert not [name for name in entries if "run" in name]
        assert "hello/requirements.txt" not in entries

    def test_pip_is_asked_for_lambdas_machine_and_for_hashes(self, project: Project, pip: list[list[str]]) -> None:
        self.pin(project)
        build(project)
        command = " ".join(pip[0])
        assert "--require-hashes --no-deps --only-binary=:all:" in command
        assert "--platform manylinux2014_aarch64" in command
        assert "--platform manylinux_2_28_aarch64" in command
        assert "--python-version 3.15" in command

    def test_host_wheels_are_separate(self, project: Project, pip: list[list[str]]) -> None:
        self.pin(project)
        build(project)
        artifacts.build_artifact(function(project), project.work, host=True)
        assert "--platform" not in pip[1]

    def test_code_change_fetches_no_wheel_again(self, project: Project, pip: list[list[str]]) -> None:
        self.pin(project)
        build(project)
        (project.lambda_src / "hello" / "handler.py").write_text("def handler(event, context):\n    return {}\n")
        build(project)
        assert len(pip) == 1

    def test_parallel_downloads_of_the_same_wheels_both_succeed(
        self, project: Project, pip: list[list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Functions with the same requirements are packaged at the same time."""
        requirements = self.pin(project)
        folder = project.work / "wheels" / wheels.wheels_key(requirements, wheels.LAMBDA)
        fetch = subprocess.run

        def run(command: list[str], **more: object) -> subprocess.CompletedProcess[str]:
            write_wheel(folder, "lib", **{"lib/__init__.py": "x = 1"})  # the other download was faster
            finished: subprocess.CompletedProcess[str] = fetch(command, **more)  # type: ignore[call-overload]
            return finished

        monkeypatch.setattr(subprocess, "run", run)
        assert "lib/__init__.py" in names(build(project))

    def test_missing_pip_is_reported(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pin(project)
        failed = subprocess.CompletedProcess([], 1, "", "/venv/bin/python: No module named pip\n")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
        with pytest.raises(ArtifactError, match="has no pip to fetch wheels with"):
            build(project)

    def test_wheel_may_not_overwrite_the_function(self, project: Project, pip: list[list[str]]) -> None:
        self.pin(project)
        (project.lambda_src / "hello").rename(project.lambda_src / "lib")
        with pytest.raises(ArtifactError, match=r"lib: a wheel would overwrite lib/__init__\.py"):
            artifacts.build_artifact(function(project, "lib"), project.work)

    def test_message_of_pip_is_passed_on(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pin(project)
        failed = subprocess.CompletedProcess([], 1, "", "noise\nERROR: No matching distribution found for lib==1.0\n")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
        with pytest.raises(ArtifactError, match="No matching distribution found for lib"):
            build(project)
        assert not list((project.work / "wheels").glob("*")), "a failed download leaves nothing in the cache"


def test_zip_of_nothing_is_a_zip() -> None:
    assert zipfile.ZipFile(io.BytesIO(artifacts.zip_bytes({}))).namelist() == []
