"""The forms of a review by name. Each is loaded when it is used, because the page needs a template library."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from review.reviewed import Review

Form = Callable[["Review", bool], str]
"""(review, detailed) -> text. Only the text has more details on request."""

FORMS = ("text", "markdown", "json")


def form_of(name: str) -> Form:
    """The form of this name.

    Raises:
        KeyError: There is no such form.
    """
    module, function, takes_detail = _FORMS[name]
    write = getattr(importlib.import_module(module), function)
    if takes_detail:
        return lambda review, detailed: str(write(review, detailed=detailed))
    return lambda review, detailed: str(write(review))


_FORMS = {
    "text": ("review.render", "review_text", True),
    "markdown": ("review.render", "review_markdown", False),
    "json": ("review.formats.document", "review_json", False),
}
