from __future__ import annotations

from gate.rules.ascii_text import AsciiText
from tests.gate.support.rules import run_rule


def test_value_that_is_not_ascii_fails_where_it_is() -> None:
    topic = "  It: {Type: 'AWS::SNS::Topic', Properties: {Tags: [{Key: Café, Value: plain}], DisplayName: thé é}}"
    assert run_rule(AsciiText(), topic) == [
        ("Resources/It/Properties/Tags/0/Key", "é is not ASCII. CloudFormation answers a question mark for it"),
        ("Resources/It/Properties/DisplayName", "é is not ASCII. CloudFormation answers a question mark for it"),
    ]


def test_key_that_is_not_ascii_fails() -> None:
    topic = "  It: {Type: 'AWS::SNS::Topic', Metadata: {Größe: 1}}"
    (match,) = run_rule(AsciiText(), topic)
    assert match[0] == "Resources/It/Metadata/Größe"
    assert match[1].startswith("ß, ö")


def test_comment_may_have_any_character() -> None:
    assert run_rule(AsciiText(), "  It: {Type: 'AWS::SNS::Topic'}  # größer — é\n") == []
