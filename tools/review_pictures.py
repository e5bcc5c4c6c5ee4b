"""``python -m tools.review_pictures`` makes the pictures of ``docs/review.md`` again: three reviews, drawn by Chromium.

Each review compares a committed template set with an edit of it, without AWS. A picture changes with the templates, the page
and the fonts of the machine, so no test compares them.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from entry import run

    sys.exit(run("tools.review_pictures", "Interrupted. Repeat the command; a picture that was begun is as it was."))

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cfn.templates import CommittedTemplates, Template, load_templates, parse
from local.host import browser
from review.formats.page import review_html
from review.judgement.reviewed import Review
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"


@dataclass(frozen=True)
class Edit:
    """One text of a template, and what it becomes."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Picture:
    """A review and what of it is shown.

    Attributes:
        title: What the review is of.
        edits: What changes in the templates of the platform.
        parameters: What changes in the parameter file.
        shown: The selector of the element at the top of the picture; the page's beginning if it is empty.
        opened: The logical ids of the changes that are open.
    """

    file: str
    title: str
    platform: str
    environment: str
    edits: tuple[Edit, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    width: int = 1120
    height: int = 740
    scheme: Literal["light", "dark"] = "light"
    shown: str = ""
    opened: tuple[str, ...] = ()


_STORE = """\
          - s3:PutObject
          Resource:
          - !Sub ${RawBucketArn}/market-data/*
"""
_STORE_AND_DELETE = """\
          - s3:PutObject
          - s3:DeleteObject
          Resource:
          - !Sub ${RawBucketArn}/*
"""
_DATABASE_RULE = """\
      SourceSecurityGroupId: !GetAtt FunctionSecurityGroup.GroupId
      Description: PostgreSQL, from the function group
"""
_DATABASE_RULE_OPEN = """\
      CidrIp: 10.0.0.0/8
      Description: PostgreSQL, from the offices
"""

_NETWORK = "transactions prod: other addresses of the network"
_ADDRESSES = (Edit("network.yaml", "CidrBlock: 10.0.0.0/16", "CidrBlock: 10.20.0.0/16"),)

PICTURES = (
    Picture(
        file="review-permissions.png",
        title="trading prod: the ingest function may delete, the database opens",
        platform="trading",
        environment="prod",
        edits=(
            Edit("functions.yaml", _STORE, _STORE_AND_DELETE),
            Edit("network.yaml", _DATABASE_RULE, _DATABASE_RULE_OPEN),
        ),
        opened=("IngestPolicy",),
    ),
    Picture(
        file="review-blocked.png",
        title=_NETWORK,
        platform="transactions",
        environment="prod",
        edits=_ADDRESSES,
        height=660,
    ),
    Picture(
        file="review-causes.png",
        title=_NETWORK,
        platform="transactions",
        environment="prod",
        edits=_ADDRESSES,
        height=620,
        scheme="dark",
        shown="#causes",
    ),
    Picture(
        file="review-narrow.png",
        title="trading dev: logs stay longer, a NAT gateway in each zone",
        platform="trading",
        environment="dev",
        parameters={"LogRetentionDays": "90", "NatGatewayPerZone": "true", "DatabaseMaxCapacity": "8"},
        width=400,
    ),
)
"""The pictures of the page."""


def review_of(picture: Picture) -> Review:
    """The review that the picture shows."""
    configuration = json.loads(
        (PROJECT / "params" / picture.platform / f"{picture.environment}.json").read_text("utf-8")
    )
    committed = load_templates(PROJECT / "templates" / picture.platform)
    before = _side(committed, configuration, {})
    after = _side(edited(committed, picture.edits), configuration, picture.parameters)
    place = Place(stack=f"{picture.platform}-{picture.environment}")
    return judge_plan(offline_plan(before, after, place), title=picture.title)


def edited(committed: CommittedTemplates, edits: tuple[Edit, ...]) -> CommittedTemplates:
    """The set with its edits.

    Raises:
        ValueError: A template has changed, so that an edit no longer applies.
    """
    by_name = dict(committed.by_name)
    for edit in edits:
        text = by_name[edit.file].text
        if text.count(edit.before) != 1:
            raise ValueError(f"{edit.file} does not have {edit.before!r} once: correct PICTURES.")
        text = text.replace(edit.before, edit.after)
        by_name[edit.file] = Template(edit.file, text, parse(text, edit.file))
    return CommittedTemplates(by_name[committed.root.name], by_name)


def _side(templates: CommittedTemplates, configuration: Mapping[str, Any], parameters: Mapping[str, str]) -> Side:
    return Side(
        templates,
        {**configuration["Parameters"], **parameters},
        configuration["Tags"],
        json.dumps(configuration["StackPolicy"]),
    )


@contextmanager
def _chromium() -> Iterator[Any]:
    """A browser that draws pages."""
    from playwright.sync_api import sync_playwright

    program = browser.ensure(print)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program.path, env=dict(program.environment), args=list(browser.OPTIONS)
        )
        yield chromium
        chromium.close()


def _draw(chromium: Any, picture: Picture, folder: Path) -> None:
    file = folder / "review.html"
    file.write_text(review_html(review_of(picture)), "utf-8")
    size = {"width": picture.width, "height": picture.height}
    page = chromium.new_page(viewport=size, color_scheme=picture.scheme, reduced_motion="reduce")
    page.goto(file.as_uri())
    for name in picture.opened:
        change = page.locator("details.change", has=page.get_by_text(name, exact=True)).first
        change.evaluate("details => { details.open = true; }")
    if picture.shown:
        page.locator(picture.shown).evaluate("element => element.scrollIntoView()")
    page.screenshot(path=IMAGES / picture.file)
    page.close()


def main() -> int:
    """Make all pictures; returns 0."""
    IMAGES.mkdir(exist_ok=True)
    with _chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        for picture in PICTURES:
            _draw(chromium, picture, Path(folder))
            print(f"docs/images/{picture.file}: {(IMAGES / picture.file).stat().st_size / 1000:.0f} kB")
    return 0
