"""Reads committed templates, without troposphere, and rewrites their TemplateURLs only.

The parser is PyYAML's (libyaml) with one constructor for the short-form tags. Importing cfn-lint's decoder takes two and
a half seconds. cfn-flip accepts a repeated key and reads a policy's Version as a date.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cfn.errors import TemplateError
from cfn.types import STACK

ROOTS = ("root.yaml", "root.json")
PARSED_TEMPLATES = 256  # kept in memory: a few template sets, before and after
MAX_TEMPLATE_BYTES = 1_000_000  # CreateChangeSet, TemplateURL: 1 MB

# libyaml's parser if the wheel has it, as every published wheel does; the pure Python parser otherwise.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_yaml: Any = yaml  # PyYAML carries no annotations


class _Loader(_Base):  # type: ignore[misc]
    """CloudFormation's YAML: short-form tags, dates as text, no repeated key."""


def _short_form(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    keys: set[str] = set()
    for key_node, _ in node.value:
        key = str(key_node.value)
        if key in keys:
            raise _yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", key_node.start_mark)
        keys.add(key)
    result: dict[str, Any] = loader.construct_mapping(node, deep=True)
    return result


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
# A policy's Version: 2012-10-17 is text to CloudFormation, a date to YAML.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def parse(text: str, name: str = "template") -> Mapping[str, Any]:
    """Parse a template in YAML or JSON.

    Args:
        text: The template.
        name: The file name for messages.

    Returns:
        Plain data with ``Fn::`` long forms, for reading only: the same text gives the same object, because a plan and its
        review read each template many times.

    Raises:
        TemplateError: The text is not a template; the error has the line of the fault.
    """
    try:
        document = _loaded(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise TemplateError(name, f"not readable: {error.problem}.", "Generate it again.", line=line) from None
    except yaml.YAMLError as error:
        raise TemplateError(name, f"not readable: {error}.", "Generate it again.") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(name, "not a CloudFormation template: it has no Resources.", "Generate it again.")
    return document


# By the text alone: a plan and its review call one text by several names, and parsing is most of a review's time.
@functools.lru_cache(maxsize=PARSED_TEMPLATES)
def _loaded(text: str) -> Any:
    return _yaml.load(text, Loader=_Loader)


@functools.lru_cache(maxsize=PARSED_TEMPLATES)
def entry_lines(text: str) -> Mapping[tuple[str, str], int]:
    """Where the entries of a readable template are.

    Returns:
        (section, name of the entry) -> the line of its name, counted from 1; ("Outputs", "") is the section itself.
    """
    lines = {}
    for section, entries in _yaml.compose(text, Loader=_Base).value:
        lines[section.value, ""] = section.start_mark.line + 1
        if isinstance(entries, yaml.MappingNode):
            lines |= {(section.value, name.value): name.start_mark.line + 1 for name, _ in entries.value}
    return lines


def text_digest(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Template:
    """One committed template: its file name, its text, and the parsed document."""

    name: str
    text: str
    document: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The digest of the text, hexadecimal."""
        return text_digest(self.text)

    @property
    def nested(self) -> dict[str, str]:
        """Logical id of each nested stack -> its TemplateURL."""
        return nested_urls(self.document)


@dataclass(frozen=True)
class CommittedTemplates:
    """A root and the templates that it reaches, ``by_name`` of their files."""

    root: Template
    by_name: Mapping[str, Template]

    def children_first(self) -> Iterator[Template]:
        """Every template once, each after the templates that it nests; the root is last."""
        yielded: set[str] = set()

        def visit(template: Template) -> Iterator[Template]:
            for name in template.nested.values():
                if name not in yielded:
                    yield from visit(self.by_name[name])
            if template.name not in yielded:
                yielded.add(template.name)
                yield template

        yield from visit(self.root)


def nested_urls(document: Mapping[str, Any]) -> dict[str, str]:
    """Logical id -> TemplateURL of the nested stacks whose URL is plain text."""
    urls = {}
    for logical_id, resource in document["Resources"].items():
        if isinstance(resource, dict) and resource.get("Type") == STACK:
            url = (resource.get("Properties") or {}).get("TemplateURL")
            if isinstance(url, str):
                urls[logical_id] = url
    return urls


def load_templates(folder: Path, root: str | None = None) -> CommittedTemplates:
    """Read the templates of ``templates/<platform>/`` that its root reaches by relative TemplateURLs.

    Args:
        folder: The folder.
        root: The file name of the root; ``root.yaml`` or ``root.json`` by default.

    Raises:
        TemplateError: A template is missing, unreadable, too large, or nests itself.
    """
    names = ROOTS if root is None else (root,)
    root_path = next((folder / name for name in names if (folder / name).is_file()), None)
    if root_path is None:
        raise TemplateError(f"{folder.parent.name}/{folder.name}", "no root template.", "Run `python generate.py`.")
    templates: dict[str, Template] = {}

    def read(name: str, parents: tuple[str, ...]) -> None:
        if name in parents:
            raise TemplateError(name, f"nests itself: {' > '.join((*parents, name))}.", "Correct the builders.")
        if name in templates:
            return
        template = _read_template(folder, name, parents)
        for nested_name in template.nested.values():
            read(nested_name, (*parents, name))
        templates[name] = template

    read(root_path.name, ())
    return CommittedTemplates(templates[root_path.name], templates)


def _read_template(folder: Path, name: str, parents: tuple[str, ...]) -> Template:
    path = folder / name
    if "://" in name or not path.resolve().is_relative_to(folder.resolve()):
        what = f"TemplateURL {name!r} is not a file of this folder."
        raise TemplateError(
            parents[-1] if parents else name, what, "Write the relative file name; packaging rewrites it."
        )
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise TemplateError(parents[-1], f"nests {name}, which does not exist.", "Run `python generate.py`.") from None
    size = len(text.encode("utf-8"))
    if size > MAX_TEMPLATE_BYTES:
        raise TemplateError(name, f"{size:,} bytes; CloudFormation takes {MAX_TEMPLATE_BYTES:,}.", "Split the tier.")
    return Template(name, text, parse(text, name))


def rewrite_urls(template: Template, urls: Mapping[str, str]) -> str:
    """Replace TemplateURLs in a template's text.

    The places come from the parser's own marks, so comments, tags and order stay, and a person can compare the uploaded
    text with the committed one.

    Args:
        template: The template.
        urls: Logical id of a nested stack -> its new URL.

    Returns:
        The text; all bytes outside the named URLs are those of the template.
    """
    if not urls:
        return template.text
    edits = []
    resources = _child(_yaml.compose(template.text, Loader=yaml.SafeLoader), "Resources")
    for logical_id, url in urls.items():
        node = _child(_child(_child(resources, logical_id), "Properties"), "TemplateURL")
        edits.append((node.start_mark.index, node.end_mark.index, url))
    text = template.text
    for start, end, url in sorted(edits, reverse=True):
        text = f'{text[:start]}"{url}"{text[end:]}'
    return text


def _child(node: Any, key: str) -> Any:
    return next(value for name, value in node.value if name.value == key)
