"""Texts in Markdown: input, output, and that no text can be more than text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfn.text import visible
from review.formats.escape import code_span, fence, prose
from tests.review.support.markdown import inline, spans

RISKY = st.text(st.one_of(st.sampled_from("`*_[]()<>|#@!&~$\\\n\t -+=1.:/'\"GHw\x1b\u202e\u200b"), st.characters()))


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a b", "`a b`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("``a`", "``` ``a` ```"),
        (" a ", "`  a  `"),
        ("   ", "`   `"),
        ("a\nb\x1b", r"`a\nb\x1b`"),
    ],
)
def test_code_span(text: str, shown: str) -> None:
    assert code_span(text) == shown


@pytest.mark.requirement("REV-1")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it's removed: Gone-id (R201)", "it's removed: Gone-id (R201)"),
        ("Network/Vpc: a -> b, 2 more.", "Network/Vpc: a -> b, 2 more."),
        ("Größe 漢字", "Größe 漢字"),
        ("by AWS::S3::Bucket, then", "by `AWS::S3::Bucket`, then"),
        ("**bold** <b> [a](b) a|b", "`**bold**` `<b>` `[a](b`) `a|b`"),
        ("see @team and #12, GH-12", "see `@team` and `#12`, `GH-12`"),
        ("https://a.b www.a.b a@b.c", "`https://a.b` `www.a.b` `a@b.c`"),
        ("1. one", "`1`. one"),
        ("- one + two", "`-` one `+` two"),
        (":smile: &amp; \\*", "`:smile`: `&amp`; `\\*`"),
        ("`a`", "`` `a` ``"),
        ("a\nb", r"`a\nb`"),
    ],
)
def test_prose(text: str, shown: str) -> None:
    assert prose(text) == shown


@given(RISKY)
def test_code_span_shows_any_text(text: str) -> None:
    assert "".join(part for part, _ in spans(code_span(text))) == visible(text)


@given(RISKY)
def test_prose_shows_any_text_and_has_no_markup(text: str) -> None:
    assert inline(prose(text)) == visible(text)


@pytest.mark.parametrize(("lines", "border"), [([], "```"), (["a`b"], "```"), (["```", "a`````"], "``````")])
def test_fence_is_longer_than_what_it_encloses(lines: list[str], border: str) -> None:
    assert fence(lines) == border
