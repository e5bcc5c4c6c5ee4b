"""The forms of a review by name. Each is loaded when it is used, because the page needs a template library."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from review.judgement.reviewed import Review

FORMS = ("text", "markdown", "json", "html", "sarif")


def write_review(name: str, review: Review, *, detailed: bool = False, folder: str = "") -> str:
    """The review in a form.

    Args:
        name: One of ``FORMS``.
        review: The review.
        detailed: Whether the text also has each new resource, what is removed, and the reasons of noise.
        folder: The folder of the templates in the repository, for the places in SARIF.
    """
    match name:
        case "text":
            return str(_function("review.formats.render", "review_text")(review, detailed=detailed))
        case "markdown":
            return str(_function("review.formats.render", "review_markdown")(review))
        case "json":
            return str(_function("review.formats.document", "review_json")(review))
        case "html":
            return str(_function("review.formats.page", "review_html")(review))
        case _:
            return str(_function("review.formats.sarif", "review_sarif")(review, folder=folder))


def _function(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
