"""The page of a review in Chromium: by keyboard, narrow, dark, printed, without a script and without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cfn.templates import CommittedTemplates, Template, load_templates, parse
from local.host.browser import OPTIONS
from local.testing import browser_or_skip
from review.formats.page import review_html
from review.judgement.verdict import judge_plan
from review.plan.offline import Place, Side, offline_plan

pytestmark = [pytest.mark.browser, pytest.mark.requirement("REV-4")]

PROJECT = Path(__file__).resolve().parents[3]
ROWS = ".stack:not([hidden]) > summary, .change:not([hidden]) > summary"
OpenPage = Callable[..., Page]


CHANGED = {"NatGatewayPerZone": "true", "InterfaceEndpoints": "true", "LogRetentionDays": "90"}


def side(environment: str, parameters: Mapping[str, str], **edited: tuple[str, str]) -> Side:
    """One side of a comparison of trading, with one text of some templates replaced."""
    configuration = json.loads((PROJECT / "params" / "trading" / f"{environment}.json").read_text("utf-8"))
    committed = load_templates(PROJECT / "templates" / "trading")
    by_name = dict(committed.by_name)
    for name, (before, after) in edited.items():
        text = by_name[f"{name}.yaml"].text.replace(before, after)
        by_name[f"{name}.yaml"] = Template(f"{name}.yaml", text, parse(text))
    return Side(
        CommittedTemplates(committed.root, by_name),
        {**configuration["Parameters"], **parameters},
        configuration["Tags"],
        json.dumps(configuration["StackPolicy"]),
    )


def write_page(path: Path, after: Side) -> Path:
    plan = offline_plan(side("dev", {}), after, Place(stack="trading-dev"))
    path.write_text(review_html(judge_plan(plan)), "utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = browser_or_skip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program.path, env=dict(program.environment), args=list(OPTIONS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review of 40 changes of every kind: two parameters add and remove, a bucket and what names it are replaced."""
    after = side("dev", CHANGED, storage=("trading-raw-${", "trading-input-${"))
    return write_page(tmp_path_factory.mktemp("page") / "review.html", after)


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The review of dev that becomes prod: 250 changes with long values."""
    return write_page(tmp_path_factory.mktemp("page") / "review.html", side("prod", {}))


@pytest.fixture
def open_page(chromium: Browser, file: Path) -> Iterator[OpenPage]:
    """Opens the page of the review, or another file; fails where it logs, throws or asks for anything."""
    contexts = []
    complaints: list[str] = []

    def opened(path: Path = file, fragment: str = "", **options: Any) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url != path.as_uri() else None)
        page.goto(f"{path.as_uri()}{fragment}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def shown_changes(page: Page) -> int:
    return page.locator(".change:visible").count()


def focused_row(page: Page) -> str:
    """The name in the row of the tree that has the focus."""
    return str(page.evaluate("document.activeElement.querySelector('h3, .name')?.textContent ?? ''"))


# ---- without a network, without a script ----------------------------------------------------------------------------


def test_page_works_offline_and_asks_for_nothing(open_page: OpenPage) -> None:
    page = open_page(offline=True)
    assert page.locator("h1").is_visible()
    assert shown_changes(page) > 30


def test_without_javascript_everything_is_there_and_no_dead_control(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator(".filters").is_hidden()
    assert shown_changes(page) > 30
    page.locator(".change > summary").first.click()
    assert page.locator(".change .body").first.is_visible()


# ---- search and filters ---------------------------------------------------------------------------------------------


def test_search_finds_names_types_codes_and_values(open_page: OpenPage) -> None:
    page = open_page()
    for words in ("rawbucket", "s3::bucket", "r202", "trading-input-dev"):
        page.fill("#search", words)
        shown = shown_changes(page)
        assert 0 < shown < 30, words
        assert page.locator(".status").text_content() == f"{shown} of {page.locator('.change').count()} changes shown"
    page.fill("#search", "nothing has this text")
    assert shown_changes(page) == page.locator(".stack:visible").count() == 0


def test_filters_of_one_group_add_up_and_groups_narrow(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("added").check()
    added = shown_changes(page)
    page.get_by_label("removed").check()
    both = shown_changes(page)
    page.get_by_label("network", exact=False).check()
    assert 0 < shown_changes(page) < both
    assert both > added > 0
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("!document.querySelector('.change[hidden]')")


def test_open_all_opens_only_what_is_shown(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#search", "rawbucket")
    page.get_by_role("button", name="Open all").click()
    opened = page.locator(".change[open]").count()
    assert opened == shown_changes(page)
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".change[open]").count() == 0


# ---- keyboard -------------------------------------------------------------------------------------------------------


def test_first_tab_skips_to_the_review(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0, "it is seen while it has the focus"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_slash_goes_to_the_search_and_escape_clears_it(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("raw/j")
    assert page.input_value("#search") == "raw/j", "in the field all keys are letters"
    page.keyboard.press("Escape")
    page.wait_for_function("document.getElementById('search').value === ''")
    assert page.locator(".change[hidden]").count() == 0


def test_j_and_k_and_arrows_move_through_the_rows(open_page: OpenPage) -> None:
    page = open_page()
    names = page.locator(ROWS).locator("h3, .name").all_text_contents()
    page.keyboard.press("j")
    assert focused_row(page) == names[0]
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert focused_row(page) == names[2]
    page.keyboard.press("k")
    assert focused_row(page) == names[1]
    page.keyboard.press("End")
    assert focused_row(page) == names[-1]
    page.keyboard.press("Home")
    assert focused_row(page) == names[0]


def test_keys_skip_rows_that_a_filter_hides(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#search", "rawbucket")
    page.locator("#search").blur()
    seen = []
    for _ in range(4):
        page.keyboard.press("j")
        seen.append(focused_row(page))
    assert seen == page.locator(ROWS).locator("h3, .name").all_text_contents()[:4]


def test_arrows_open_close_and_go_up_and_enter_toggles(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("j")
    page.keyboard.press("j")
    first = page.locator(".change").first
    page.keyboard.press("ArrowRight")
    assert first.get_attribute("open") is not None
    page.keyboard.press("ArrowLeft")
    assert first.get_attribute("open") is None
    page.keyboard.press("Enter")
    assert first.get_attribute("open") is not None
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert focused_row(page) == page.locator(".stack h3").first.text_content()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".stack").first.get_attribute("open") is None


def test_tree_is_one_stop_of_the_tab_key(open_page: OpenPage) -> None:
    """Nobody should press Tab 40 times to come to the end of the page."""
    page = open_page()
    assert page.locator(".tree summary[tabindex='0']").count() == 1
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.tree')") is None


def test_focus_is_visible(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("j")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid3px"


def test_a_link_opens_what_it_leads_to_also_when_a_filter_hides_it(open_page: OpenPage) -> None:
    page = open_page()
    page.fill("#search", "nothing has this text")
    link = page.locator(".concerns a[href^='#c']").first
    target = link.get_attribute("href")
    link.click()
    page.wait_for_function("target => document.querySelector(target).open", arg=target)
    page.locator(f"{target} .body").wait_for(state="visible")


def test_a_fragment_in_the_address_opens_its_change(open_page: OpenPage) -> None:
    page = open_page(fragment="#c9")
    assert page.locator("#c9 .body").is_visible()


# ---- width, schemes, print ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_page_never_scrolls_sideways_even_with_everything_open(
    width: int, open_page: OpenPage, large_file: Path
) -> None:
    page = open_page(large_file, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    wide = page.evaluate(
        """[...document.querySelectorAll('main *')]
        .filter((element) => !element.closest('pre, .drawing, .hidden'))
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 200))"""
    )
    assert not wide
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_headings_of_columns_are_beside_the_values_on_a_narrow_screen(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 400, "height": 800})
    title = page.locator("td[data-title='Before']").first.evaluate("e => getComputedStyle(e, '::before').content")
    assert title == '"Before"'


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 22, 28)")])
def test_page_follows_the_scheme_of_the_system(scheme: str, ground: str, open_page: OpenPage) -> None:
    page = open_page(color_scheme=scheme)
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == ground


def test_page_moves_only_for_those_who_want_it(open_page: OpenPage) -> None:
    def scrolling(motion: str) -> Any:
        return open_page(reduced_motion=motion).evaluate("getComputedStyle(document.documentElement).scrollBehavior")

    assert (scrolling("reduce"), scrolling("no-preference")) == ("auto", "smooth")


def test_print_shows_everything_and_no_controls(open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".filters").is_hidden()
    assert page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".change[open]").count() == 0


def test_print_shows_closed_parts_without_the_script_too(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    body = page.locator(".change .body").first
    assert not body.is_visible()
    page.emulate_media(media="print")
    assert body.is_visible()
    assert body.evaluate("element => element.getBoundingClientRect().height") > 10


# ---- names for those who do not see ---------------------------------------------------------------------------------


def test_roles_and_names(open_page: OpenPage) -> None:
    page = open_page()
    assert page.get_by_role("banner").count() == page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation", name="Parts of the review").is_visible()
    assert page.get_by_role("search", name="Filter the changes").is_visible()
    assert page.get_by_role("searchbox", name="Search").is_visible()
    assert page.get_by_role("group", name="Verdict").is_visible()
    assert page.get_by_role("region", name="Blocked").is_visible()
    assert page.get_by_role("status").text_content() == f"{page.locator('.change').count()} changes"
