"""Reproducible zips of the functions, named by their content.

A zip holds ``<name>/…``, ``common/…`` and the unpacked wheels, in sorted order, with one fixed time and mode. Two runs
give the same bytes whatever the clock, the umask or the order of the file system.

The name is the SHA-256 of the content (every path with the SHA-256 of its bytes), not of the zip: how deflate packs
differs between zlib and zlib-ng, so the zip's own digest would show a code change where only a laptop differs from
CI. The zip's digest is recorded beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy import wheels
from deploy.errors import ArtifactError, TemplateError
from deploy.parameters import ARTIFACT_KEY

COMMON = "common"
REQUIREMENTS = "requirements.txt"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ZIPPED = 50 * 1024 * 1024
MAX_UNZIPPED = 250 * 1024 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can hold
LEVEL = 6  # 9 takes three times as long for half a percent less
MODE = 0o100644  # Lambda runs as a user that owns nothing: every file must be readable by all
LEFT_OUT = re.compile(r"(^|/)(__pycache__|\.[^/]+)(/|$)|\.py[cod]$|(^|/)requirements\.(txt|in)$")
FORMAT = "1"  # raised when the layout of the zip changes, so that old cache entries are not used


@dataclass(frozen=True)
class Artifact:
    """One packaged function. Sizes are bytes; ``path`` is the zip in the cache."""

    function: str
    parameter: str
    sha256: str
    zip_sha256: str
    zipped: int
    unzipped: int
    path: str

    @property
    def key(self) -> str:
        """Its key in the artifact bucket."""
        return f"functions/{self.function}/{self.sha256}.zip"


def parameter_of(function: str) -> str:
    """``log_alerts`` -> ``LogAlertsArtifactKey``."""
    return "".join(part.capitalize() for part in function.split("_")) + "ArtifactKey"


def functions(lambda_src: Path) -> list[str]:
    """The function folders: those with a handler.py."""
    if not lambda_src.is_dir():
        return []
    return sorted(folder.name for folder in lambda_src.iterdir() if (folder / "handler.py").is_file())


def match(platform: str, lambda_src: Path, roots: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The functions of a platform, by the ``…ArtifactKey`` parameters of its root.

    ``roots`` holds the root template of every platform: a folder that none of them names is an error, and so is a
    parameter without a folder. Raises TemplateError with all of them.
    """
    found = {parameter_of(name): name for name in functions(lambda_src)}
    wanted = {key: _keys(root) for key, root in roots.items()}
    lacking = sorted(wanted[platform] - found.keys())
    unused = sorted(found.keys() - set().union(*wanted.values()))
    said = [f"{name} has no folder in {lambda_src.name}/ with a handler.py" for name in lacking]
    said += [f"{lambda_src.name}/{found[name]}/ is in no template: no root has the parameter {name}" for name in unused]
    if said:
        raise TemplateError(f"{platform} root", f"{'; '.join(said)}.", "Add the one or remove the other.")
    return sorted(found[name] for name in wanted[platform])


def _keys(root: Mapping[str, Any]) -> set[str]:
    return {name for name in root.get("Parameters", {}) if ARTIFACT_KEY.fullmatch(name)}


def build_all(names: Iterable[str], lambda_src: Path, target: wheels.Target, cache: Path) -> list[Artifact]:
    """Package the functions, two at a time (pip waits for the network, deflate for a core)."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: build(name, lambda_src, target, cache), names))


def build(name: str, lambda_src: Path, target: wheels.Target, cache: Path) -> Artifact:
    """Package one function; unchanged inputs cost one read of its sources.

    Raises ArtifactError when pip finds no wheels, or the zip passes one of Lambda's limits.
    """
    sources = _sources(name, lambda_src)
    requirements = lambda_src / name / REQUIREMENTS
    pinned = wheels.wheels_key(requirements, target) if requirements.is_file() else ""
    record = cache / "artifacts" / f"{_digest_of(sources, FORMAT, name, pinned)}.json"
    if record.is_file():
        artifact = Artifact(**json.loads(record.read_text("utf-8")))
        if Path(artifact.path).is_file():
            return artifact
    files = dict(sources)
    if pinned:
        for path, content in wheels.unpacked(name, requirements, target, cache / "wheels").items():
            if path in files:
                raise ArtifactError(name, f"a wheel would overwrite {path}.", "Rename the file or the folder.")
            files[path] = content
    return _write(name, files, record)


def _sources(name: str, lambda_src: Path) -> dict[str, bytes]:
    files = {}
    for folder in (lambda_src / name, lambda_src / COMMON):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(lambda_src).as_posix()
            if path.is_file() and not LEFT_OUT.search(inside):
                files[inside] = path.read_bytes()
    return files


def _digest_of(files: Mapping[str, bytes], *more: str) -> str:
    total = hashlib.sha256()
    for text in more:
        total.update(f"{text}\0".encode())
    for path in sorted(files):
        total.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    return total.hexdigest()


def _write(name: str, files: Mapping[str, bytes], record: Path) -> Artifact:
    content, unzipped = zip_bytes(files), sum(map(len, files.values()))
    for size, limit, what in ((len(content), MAX_ZIPPED, "zipped"), (unzipped, MAX_UNZIPPED, "unzipped")):
        if size > limit:
            largest = sorted(files, key=lambda path: len(files[path]), reverse=True)[:3]
            said = ", ".join(f"{path} ({_megabytes(len(files[path]))})" for path in largest)
            what = f"{_megabytes(size)} {what}; Lambda takes {_megabytes(limit)}. The largest files: {said}."
            raise ArtifactError(name, what, f"Drop a dependency from lambda_src/{name}/{REQUIREMENTS}.")
    sha256 = _digest_of(files)
    path = record.with_name(f"{name}-{sha256}.zip")
    artifact = Artifact(
        function=name,
        parameter=parameter_of(name),
        sha256=sha256,
        zip_sha256=hashlib.sha256(content).hexdigest(),
        zipped=len(content),
        unzipped=unzipped,
        path=str(path),
    )
    record.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    _replace(record, json.dumps(asdict(artifact)).encode())
    return artifact


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip that depends on nothing but them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, EPOCH)
            info.create_system = 3  # Unix, also when packaged elsewhere: the mode is in its bits
            info.external_attr = MODE << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[path], compresslevel=LEVEL)
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Write the file in one step, so that a second process never reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
