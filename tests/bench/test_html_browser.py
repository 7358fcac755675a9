"""The report in a real browser: it loads by itself, can be sorted, filtered, pointed at and read in every form."""

import shutil
from pathlib import Path

import pytest

from kernelwright.bench import html

COMMITTED = sorted((Path(__file__).parents[2] / "bench" / "results").glob("*.json"))
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
TEXTS = "cells => cells.map(cell => cell.textContent)"
GROUND = "getComputedStyle(document.body).backgroundColor"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright import sync_api
    except ImportError as error:
        pytest.skip(f"{error}: pip install 'kernelwright[test]'")
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip("there is no browser to read the report with: apt-get install chromium, or install Google Chrome")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html.page(html.read(COMMITTED)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, report):
    """Opens the report; fails the test if it complains or asks for anything else than itself."""
    complaints, contexts = [], []

    def opened(viewport=DESK, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url in (report, "data:,") or complaints.append(request.url))
        page.goto(report)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def values(page, column):
    """What the rows that are shown are sorted by, in that column; None where there is nothing."""
    return page.eval_on_selector_all(
        "#kernels tbody tr:not([hidden])",
        f"rows => rows.map(row => row.cells[{column}].dataset.value ?? null)",
    )


def test_sorting(opened):
    page = opened()
    time = page.locator("#kernels thead th", has_text="time")
    assert time.get_attribute("aria-sort") == "none"
    for order, sign in (("descending", -1), ("ascending", 1)):
        time.get_by_role("button").click()
        assert time.get_attribute("aria-sort") == order
        found = [float(value) for value in values(page, 4)]
        assert len(found) > 200
        assert found == sorted(found, key=lambda value: sign * value)
    limit = page.locator("#kernels thead th", has_text="of limit")
    limit.get_by_role("button").click()
    found = values(page, 8)
    known = [float(value) for value in found if value is not None]
    assert found[len(known) :] == [None] * (len(found) - len(known)) != []
    assert known == sorted(known, reverse=True)
    assert time.get_attribute("aria-sort") == "none"
    page.locator("#kernels thead th", has_text="operation").get_by_role("button").press("Enter")
    names = page.locator("#kernels tbody th").all_text_contents()
    assert names[0].startswith("a")
    assert names[-1].startswith("v")


def test_filtering(opened):
    page = opened()
    form = page.locator("form[data-for=kernels]")
    form.get_by_label("Search").fill("softmax BACKWARD")
    shown = page.locator("#kernels tbody tr:visible").all_inner_texts()
    assert 0 < len(shown) < 50
    assert all("softmax" in row and "backward" in row for row in shown)
    assert form.locator("output").inner_text().startswith(f"{len(shown)} of ")
    form.get_by_label("Search").fill("")
    form.get_by_label("Family").select_option("updates")
    assert set(page.eval_on_selector_all("#kernels tr:not([hidden]) td:nth-child(2)", TEXTS)) == {"updates"}


def test_pointing_at_a_mark_tells_its_figures(opened):
    page = opened()
    tip = page.locator("#tip")
    assert not tip.is_visible()
    page.locator("svg.wide").first.locator(".mark").last.hover(force=True)
    assert "GFLOP/s" in tip.inner_text()
    page.locator("svg.wide rect.mark").first.hover(force=True)
    assert "NumPy's speed, geometric mean" in tip.inner_text()
    assert tip.is_visible()
    page.mouse.move(1, 1)
    assert not tip.is_visible()


def test_the_keyboard_reaches_every_mark_by_arrows(opened):
    page = opened()
    roof = page.locator("svg.wide").first
    assert roof.locator("[tabindex='0']").count() == 1
    roof.locator("[tabindex='0']").focus()
    page.keyboard.press("Home")
    first = page.locator("#tip").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator("#tip").inner_text()
    assert "GFLOP/s" in first
    assert "GFLOP/s" in second
    assert first != second
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").split() == second.split()
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('svg')") is None


def test_the_legend_hides_a_family(opened):
    page = opened()
    losses = page.locator("svg.wide [data-group=losses]")
    assert losses.first.is_visible()
    button = page.get_by_role("button", name="losses")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert not losses.first.is_visible()
    assert page.locator("svg.wide [data-group=products]").first.is_visible()
    button.click()
    assert losses.first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(opened, scheme):
    page = opened(color_scheme=scheme)
    first = page.evaluate(GROUND)
    assert (first == "rgb(255, 255, 255)") == (scheme == "light")
    page.locator("#theme").click()
    assert (page.evaluate(GROUND) == "rgb(255, 255, 255)") == (scheme == "dark")
    page.emulate_media(media="print")
    assert page.evaluate(GROUND) == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator("#kernels tbody tr").last.is_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(opened):
    page = opened(viewport=PHONE, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("svg.narrow").first.is_visible()
    assert not page.locator("svg.wide").first.is_visible()
    page.locator("svg.narrow .mark").last.tap(force=True)
    box = page.locator("#tip").bounding_box()
    assert page.locator("#tip").is_visible()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


def test_without_its_script_it_can_be_read(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("#kernels tbody tr").first.is_visible()
    assert "GFLOP/s" in page.locator("svg.wide .mark title").first.text_content()
    assert not page.locator("form.filter").first.is_visible()
    assert not page.locator("#theme").is_visible()
