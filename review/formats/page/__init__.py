"""The review as one HTML file that needs nothing beside it: no server, no network, no other file.

``review_html`` renders ``page.html.j2`` from the view that ``model`` makes. The template escapes every value, and shows a
character that hides as its escape sequence. The page asks its browser to load nothing: its policy allows only this style and
this script, by their hashes. Without JavaScript the page shows the same; the script only filters, moves the focus and opens
what is printed.

- ``view``: what the template reads, as frozen values; ``model``: from a review to these values
- ``graph``: places for the graph of causes
- ``console``: the address of the change set in the console of AWS
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cfn.text import visible
from review.formats.page.model import page
from review.judgement.reviewed import Review
from review.plan.approval import Approval

_FOLDER = Path(__file__).parent


def review_html(review: Review, approval: Approval | None = None) -> str:
    """The page of a review.

    Args:
        review: The review.
        approval: Who allowed the execution of the plan, and when; None if nobody has.
    """
    template = _environment().get_template("page.html.j2")
    return template.render(page=page(review, approval), style=_asset("page.css"), script=_asset("page.js"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {"digest": _digest, "fit": _fit, "with_code": _with_code}
    return environment


def _shown(value: Any) -> Any:
    """Every text that the template prints, with its hidden characters as escape sequences, line by line."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(map(visible, value.split("\n")))


@cache
def _asset(name: str) -> Markup:
    """A file that belongs to the page and is no value."""
    return Markup(_FOLDER.joinpath(name).read_text("utf-8"))


def _fit(text: str, characters: int) -> str:
    """The text cut to the width of a box in the graph. The title of the box has all of it."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _with_code(text: str) -> Markup:
    """A sentence of ours, with what is in backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def _digest(asset: Markup) -> str:
    """The hash of an inline style or script, as a policy names it: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"sha256-{base64.b64encode(hashlib.sha256(asset.encode('utf-8')).digest()).decode('ascii')}"
