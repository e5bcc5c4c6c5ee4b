"""The two sides of ``deploy diff``: a folder, a template, or either of a revision of git (``main:templates/trading``)."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cfn.templates import ROOTS, CommittedTemplates, load_templates
from deploy.errors import UsageError
from review.plan.offline import Side

TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json")


def read_side(source: str, parameters: str | None) -> Side:
    """Read one side of a comparison.

    Args:
        source: A folder or a file, or ``<revision>:<path>``.
        parameters: A parameter file, as a path or ``<revision>:<path>``; None for the templates' defaults.

    Raises:
        UsageError: The source or the parameter file does not exist or is not readable.
        TemplateError: A template of the source has a fault.
    """
    with _checked_out(source) as path:
        templates = _read_templates(path, source)
    configuration = _read_configuration(parameters) if parameters else {}
    policy = configuration.get("StackPolicy")
    return Side(
        templates,
        _texts(configuration.get("Parameters", {})),
        _texts(configuration.get("Tags", {})),
        json.dumps(policy, sort_keys=True) if policy else None,
    )


def _texts(values: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, Mapping) else {}


def _read_templates(path: Path, source: str) -> CommittedTemplates:
    if path.is_file():
        return load_templates(path.parent, path.name)
    if any((path / name).is_file() for name in ROOTS):
        return load_templates(path)
    templates = sorted(entry.name for entry in path.iterdir() if entry.suffix in TEMPLATE_SUFFIXES)
    if len(templates) == 1:
        return load_templates(path, templates[0])
    listed = ", ".join(templates) or "no template"
    raise UsageError(f"{source} has no root.yaml (it has: {listed}).", "Name the file of the root template.")


def _read_configuration(source: str) -> dict[str, Any]:
    """A parameter file: CodePipeline's template configuration, or the list that the AWS CLI takes."""
    with _checked_out(source) as path:
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{source} is not a readable parameter file: {error}.", "Correct the file.") from None
    if isinstance(document, list):
        return {"Parameters": {row["ParameterKey"]: row["ParameterValue"] for row in document}}
    if not isinstance(document, dict):
        raise UsageError(f"{source} is not a parameter file.", 'Write {"Parameters": {"Name": "value"}}.')
    return document


# ---- revisions of git -----------------------------------------------------------------------------------------------


@contextmanager
def _checked_out(source: str) -> Iterator[Path]:
    """The path of a source; of a revision the path of a copy."""
    if Path(source).exists():
        yield Path(source)
        return
    revision, separator, path = source.partition(":")
    if not separator:
        raise UsageError(f"{source} does not exist.", "Give a folder, a template, or <revision>:<path>.")
    with tempfile.TemporaryDirectory() as folder:
        yield _copy_revision(revision, path, Path(folder))


@contextmanager
def checked_out_project(revision: str, root: Path) -> Iterator[Path]:
    """A copy of the folders templates/ and params/ of a revision.

    Args:
        revision: The revision.
        root: The folder of the project, in its repository.

    Raises:
        UsageError: git does not know the revision.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = _git("-C", str(root), "ls-tree", "--name-only", revision, "templates", "params").decode("utf-8")
        archive = _git("-C", str(root), "archive", "--format=tar", revision, *names.split()) if names else b""
        _unpack(archive, Path(folder))
        yield Path(folder)


def _copy_revision(revision: str, path: str, folder: Path) -> Path:
    """Copy a folder, or a template with those beside it, out of a revision."""
    kind = _git("cat-file", "-t", f"{revision}:{path}").decode("ascii").strip()
    tree = "" if kind == "tree" and path in ("", ".") else path if kind == "tree" else str(Path(path).parent)
    _unpack(_git("archive", "--format=tar", f"{revision}:{'' if tree == '.' else tree}"), folder)
    return folder if kind == "tree" else folder / Path(path).name


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the templates and parameter files of an archive of git's, whose names never leave the folder."""
    if not archive:
        return
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            if member.isfile() and member.name.endswith(TEMPLATE_SUFFIXES):
                _write(files, member, folder / member.name)


def _write(files: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    content = files.extractfile(member)
    if content is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.read())


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=True)
    except FileNotFoundError:
        raise UsageError("git is not installed.", "Install git, or give folders instead of revisions.") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UsageError(
            f"git: {''.join(reason)}.", "Give a revision, or <revision>:<path>, as git knows it."
        ) from None
    return done.stdout
