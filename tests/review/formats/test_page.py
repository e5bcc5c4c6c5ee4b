"""The page of a review is one file that loads nothing, escapes everything, and says what the review says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cfn.templates import CommittedTemplates, Template, parse
from review.examples import EXAMPLES
from review.findings.codes import ALL_FINDINGS
from review.formats import page as package
from review.formats.page import review_html
from review.formats.page.console import console_url
from review.judgement.verdict import judge_plan
from review.plan.approval import Approval
from review.plan.model import Plan
from review.plan.offline import Place, Side, offline_plan
from tests.review.support.examples import example_plan
from tests.review.support.pages import Element, parse_page
from tests.review.support.plans import change_set, deployed, make_plan

pytestmark = pytest.mark.requirement("REV-4")

FOLDER = Path(package.__file__).parent
REASONS = {finding.code: finding.reason.replace("`", "") for finding in ALL_FINDINGS}
HOSTILE = (
    "</style></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'><a href=javascript:alert(3)>&amp;\u202e"
)


def page_of(plan: Plan, approval: Approval | None = None) -> Element:
    return parse_page(review_html(judge_plan(plan), approval))


def example_page(code: str) -> Element:
    return page_of(example_plan(EXAMPLES[code]))


def plan_of(before: str, after: str) -> Plan:
    return make_plan({"root.yaml": after}, deployed("small-dev", before), claims=change_set())


# ---- one file, well formed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", EXAMPLES)
def test_page_of_each_example_is_well_formed_and_each_link_in_it_leads_somewhere(code: str) -> None:
    page = example_page(code)
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    targets = [link.attributes["href"] for link in page.all("a") if link.attributes.get("href", "").startswith("#")]
    assert {target.removeprefix("#") for target in targets} <= set(ids)


@pytest.mark.parametrize("code", EXAMPLES)
def test_page_of_each_example_has_the_sentence_and_the_reason_of_its_finding(code: str) -> None:
    """The address of the docs is not known, so the page explains its codes itself."""
    page = example_page(code)
    assert code in {term.text for term in page.all("dt")}
    assert REASONS[code] in page.text
    for remark in judge_plan(example_plan(EXAMPLES[code])).findings:
        assert " ".join(remark.sentence.split()) in page.text


@pytest.mark.parametrize("code", EXAMPLES)
def test_page_loads_nothing(code: str) -> None:
    html = review_html(judge_plan(example_plan(EXAMPLES[code])))
    page = parse_page(html)
    assert not [element for element in page.walk() if {"src", "srcset", "data", "action"} & element.attributes.keys()]
    assert not page.all("link")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", html)
    assert not [element for element in page.walk() if any(name.startswith("on") for name in element.attributes)]
    assert not [element for element in page.walk() if "style" in element.attributes]


def test_policy_allows_only_the_style_and_the_script_of_the_page() -> None:
    page = example_page("R201")
    (policy,) = (
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    (style,), (script,) = page.all("style"), page.all("script")
    hashes = {
        name: base64.b64encode(hashlib.sha256("".join(element.texts).encode()).digest()).decode()
        for name, element in (("style", style), ("script", script))
    }
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_style_and_script_end_no_element() -> None:
    for name in ("page.css", "page.js"):
        assert "</" not in (FOLDER / name).read_text("utf-8")


def test_same_review_gives_the_same_page() -> None:
    review = judge_plan(example_plan(EXAMPLES["R201"]))
    assert review_html(review) == review_html(review)


# ---- values are text ------------------------------------------------------------------------------------------------


def test_no_value_of_a_template_is_markup() -> None:
    """Names, types, values, keys, descriptions and names of exports, as text and in a policy."""
    name = json.dumps(HOSTILE)

    def template(number: int) -> str:
        return f"""\
Description: {json.dumps(HOSTILE + str(number))}
Parameters: {{{name}: {{Type: String, Default: {json.dumps(HOSTILE + str(number))}}}}}
Resources:
  {name}: {{Type: {name}, Properties: {{{name}: {{{name}: {json.dumps(HOSTILE + str(number))}}}}}}}
  T{number}: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {name}}}}}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {{Statement: [{{Effect: Allow, Action: {json.dumps(HOSTILE + str(number))}, Resource: {name}}}]}}
Outputs: {{{json.dumps("o" + HOSTILE)}: {{Value: '{number}', Export: {{Name: {name}}}}}}}
"""

    plan = replace(plan_of(template(1), template(2)), stack=HOSTILE, platform=HOSTILE, created=HOSTILE)
    html = review_html(judge_plan(plan), Approval(HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,)))
    page = parse_page(html)
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert not page.all("img")
    assert not [link for link in page.all("a") if "javascript" in link.attributes.get("href", "")]
    assert page.text.count("<script>alert(1)</script>") > 10, "the values are shown"
    assert "\u202e" not in html
    assert "\\u202e" in page.text


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\u200b", "\u2066", "\x85"])
def test_a_hidden_character_is_shown_as_its_escape_sequence(character: str) -> None:
    def topic(name: str) -> str:
        return f"Resources: {{T: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {json.dumps(name)}}}}}}}"

    html = review_html(judge_plan(plan_of(topic("a"), topic(f"a{character}b"))))
    assert character not in html
    assert f"a{character.encode('unicode_escape').decode()}b" in html


# ---- what it says ---------------------------------------------------------------------------------------------------


def test_verdict_and_what_is_blocked_come_first() -> None:
    page = example_page("R201")
    assert page.all("div", class_="verdict")[0].text.startswith("Blocked")
    headings = [heading.text for heading in page.all("h2")]
    assert headings.index("Blocked") < headings.index("Changes")
    (concern,) = page.all("section", class_="blocked")
    assert "Sessions DynamoDB::Table is removed: Sessions-id" in concern.text


def test_words_tell_what_colours_tell() -> None:
    """Who sees no colours reads that it is blocked, replaced, possible, weaker."""
    tags = {
        code: [tag.text for tag in example_page(code).all("span", class_="tag")] for code in ("R202", "R307", "R215")
    }
    assert {"blocked", "replaced"} <= set(tags["R202"])
    assert "possible" in tags["R307"]
    assert "weaker" in tags["R215"]


def test_before_and_after_of_a_property() -> None:
    (table,) = example_page("R202").all("table", class_="properties")
    assert table.text == "What changes Property Before After TableName sessions-dev sessions-qa"
    assert [element.text for element in (*table.all("del"), *table.all("ins"))] == ["sessions-dev", "sessions-qa"]


def test_a_policy_is_a_table_and_its_places_are_folded() -> None:
    def policy(action: str) -> str:
        return f"""\
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: {action}
      PolicyDocument: {{Statement: [{{Effect: Allow, Action: ['s3:GetObject', '{action}'], Resource: '*'}}]}}
"""

    page = page_of(plan_of(policy("s3:ListBucket"), policy("s3:*")))
    (table,) = page.all("table", class_="rules")
    assert (
        table.text
        == "PolicyDocument What happens effect action resource ~ changed Allow − s3:ListBucket s3:GetObject + s3:* *"
    )
    (exact,) = page.all("details", class_="exact")
    assert "PolicyDocument/Statement/0/Action/1" in exact.text
    assert "Description" not in exact.text


def test_a_long_script_is_a_diff_with_its_signs() -> None:
    def instance(line: str) -> str:
        script = "\\n".join([*(f"echo {number}" for number in range(40)), line])
        return f'Resources: {{I: {{Type: AWS::EC2::Instance, Properties: {{UserData: {{"Fn::Base64": "{script}"}}}}}}}}'

    page = page_of(plan_of(instance("old"), instance("new")))
    assert [line.text for line in page.all("span", class_="removed")] == ["-old"]
    assert [line.text for line in page.all("span", class_="added")] == ["+new"]


def test_a_parameter_links_to_what_it_causes_and_back() -> None:
    template = """\
Parameters: {Days: {Type: Number, Default: 7}}
Resources:
  A: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  B: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
"""
    before = deployed("small-dev", template, {"Days": "7"})
    page = page_of(make_plan({"root.yaml": template}, before, {"Days": "30"}, change_set()))
    assert "because of Days" in page.all("details", id="c1")[0].text
    (row,) = page.all("tr", id="p1")
    assert row.text == "Days 7 30 causes A, B"
    assert page.all("details", id="causes-list")[0].text == "The same as a list Days (parameter) causes A, B"
    (drawing,) = page.all("svg")
    assert drawing.attributes["aria-hidden"] == "true", "the list says the same"
    assert [title.text for title in drawing.all("title")] == [
        "Days: parameter",
        "A: changed Logs::LogGroup",
        "B: changed Logs::LogGroup",
    ]


def test_noise_is_folded_with_its_reason() -> None:
    (noise,) = example_page("R305").all("details", class_="quiet")
    assert "every value that it takes from elsewhere stays the same (R305)" in noise.text
    assert "open" not in noise.attributes


def test_settings_and_their_findings_are_shown() -> None:
    page = example_page("R216")
    assert "Settings" in {heading.text for heading in page.all("h2")}
    assert "termination protection true false look without termination protection" in page.text


def test_an_unchanged_plan_says_so() -> None:
    text = EXAMPLES["R201"].after
    plan = make_plan(
        {"root.yaml": text},
        deployed("small-dev", text),
        claims=change_set(status="FAILED", reason="The submitted information didn't contain changes."),
    )
    page = page_of(plan)
    assert "No changes: templates and parameters are those of the last deployment." in page.text
    assert "Changes" not in {heading.text for heading in page.all("h2")}


def test_all_content_of_a_new_stack_is_in_the_page() -> None:
    page = page_of(make_plan({"root.yaml": EXAMPLES["R202"].before}))
    assert [mark.text for mark in page.all("ins")] == ["sessions-dev", "false"]
    assert [heading.text for heading in page.all("th", scope="col")][:2] == ["Property", "New value"]


def test_approvals() -> None:
    plan = example_plan(EXAMPLES["R201"])
    assert "Nobody has approved this plan yet." in page_of(plan).text
    record = Approval("0123456789abcdef", "2026-01-02T03:04:05+00:00", "ada", "", ("Sessions",))
    sentence = "Approved by ada on 2026-01-02 03:04:05 UTC, plan 0123456789ab. Allowed by name: Sessions."
    assert sentence in page_of(plan, record).text


# ---- the change set in the console ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
    ],
)
def test_link_to_the_change_set_in_the_console(partition: str, region: str, host: str) -> None:
    url = console_url(replace(example_plan(EXAMPLES["R201"]), partition=partition, region=region))
    assert url == (
        f"https://{host}/cloudformation/home?region={region}#/stacks/changesets/changes"
        "?stackId=arn%3Aaws%3Acloudformation%3Aus-east-1%3A111122223333%3Astack%2Fsmall-dev%2F1"
        "&changeSetId=arn%3Aaws%3Acloudformation%3Aus-east-1%3A111122223333%3AchangeSet%2Fdeploy%2F1"
    )


def test_no_link_to_the_console_without_a_change_set_or_without_a_public_console() -> None:
    text = EXAMPLES["R201"].before
    template = Template("root.yaml", text, parse(text))
    side = Side(CommittedTemplates(template, {"root.yaml": template}))
    plan = offline_plan(None, side, Place())
    assert console_url(plan) is None
    assert "AWS console" not in page_of(plan).text
    assert console_url(replace(example_plan(EXAMPLES["R201"]), partition="aws-iso")) is None


# ---- accessibility that markup and style decide ---------------------------------------------------------------------


def test_landmarks_and_headings() -> None:
    page = example_page("R201")
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("nav")) == len(page.all("footer")) == 1
    levels = [int(element.tag[1]) for element in page.walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    (skip,) = page.all("a", class_="skip")
    assert skip.attributes["href"] == "#main"


def test_every_field_has_a_label_and_every_table_has_headings() -> None:
    page = example_page("R202")
    labelled = {label.attributes["for"] for label in page.all("label") if "for" in label.attributes}
    inside = {id(field) for label in page.all("label") for field in label.all("input")}
    assert all(field.attributes.get("id") in labelled or id(field) in inside for field in page.all("input"))
    for table in page.all("table"):
        assert {"col", "row"} <= {heading.attributes.get("scope", "") for heading in table.all("th")}


def test_number_of_shown_changes_is_announced() -> None:
    (status,) = example_page("R202").all("p", role="status")
    assert status.attributes["aria-live"] == "polite"


CSS = (FOLDER / "page.css").read_text("utf-8")
PAIRS = [
    *((text, ground) for text in ("text", "muted", "link") for ground in ("ground", "panel", "raised")),
    *(
        (text, ground)
        for text in ("blocked", "look", "fine", "weaker", "stronger", "added", "removed")
        for ground in ("ground", "panel", "raised")
    ),
    *((name, f"{name}-ground") for name in ("blocked", "look", "fine", "added", "removed")),
    *(("text", f"{name}-ground") for name in ("blocked", "look", "fine")),
]


def colours(scheme: str) -> Mapping[str, str]:
    """The variables of a scheme; dark and print overrule some of light."""
    light, dark, printed = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    )
    return {"light": light, "dark": light | dark, "print": light | printed}[scheme]


def luminance(colour: str) -> float:
    """The relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_has_enough_contrast(scheme: str) -> None:
    known = colours(scheme)
    assert len(known) > 20

    def contrast(text: str, ground: str) -> float:
        low, high = sorted((luminance(known[text]), luminance(known[ground])))
        return (high + 0.05) / (low + 0.05)

    assert not {pair: round(contrast(*pair), 2) for pair in PAIRS if contrast(*pair) < 4.5}
    # What is not text but tells something: focus, lines of the graph, borders of fields.
    assert min(contrast(line, ground) for line in ("focus", "edge") for ground in ("ground", "panel", "raised")) >= 3


def test_style_names_no_colour_beside_the_variables() -> None:
    """Otherwise the computed contrast would say nothing."""
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rest)
