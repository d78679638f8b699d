"""The report as a browser shows it; skipped where there is no Chromium."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from made_up_feature_maps import feature_maps, feature_pictures
from made_up_ideal import ideal
from PIL import Image

from enxerto.report.feature_maps.page import render_feature_maps
from enxerto.report.ideal.page import Pictures, render_ideal
from enxerto.report.page import render
from enxerto.report.tricks.page import render_tricks
from enxerto.report.unmeasured.page import render_unmeasured

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREENS = [(1280, "light"), (1280, "dark"), (320, "light")]


def _made_up() -> ModuleType:
    path = Path(__file__).parents[1] / "unit" / "report" / "made_up_reports.py"
    spec = importlib.util.spec_from_file_location("made_up_reports_for_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made_up = _made_up()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def _thumbnail() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 60)).save(buffer, "WEBP")
    return buffer.getvalue()


@pytest.fixture(scope="module", params=[*made_up.SHAPES, "tricks", "unmeasured", "features", "ideal"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "tricks":
        path = tmp_path_factory.mktemp("tricks") / "tricks.html"
        path.write_text(render_tricks(made_up.tricks()), encoding="utf-8")
        return path
    if request.param == "ideal":
        path = tmp_path_factory.mktemp("ideal") / "ideal.html"
        pictures = {card.name: Pictures(_thumbnail(), (_thumbnail(),) * 8) for card in ideal().images}
        path.write_text(render_ideal(ideal(), pictures, _thumbnail()), encoding="utf-8")
        return path
    if request.param == "features":
        path = tmp_path_factory.mktemp("features") / "features.html"
        contents = feature_maps(2)
        path.write_text(render_feature_maps(contents, feature_pictures(contents)), encoding="utf-8")
        return path
    if request.param == "unmeasured":
        path = tmp_path_factory.mktemp("unmeasured") / "report.html"
        path.write_text(render_unmeasured(made_up.unmeasured()), encoding="utf-8")
        return path
    contents = made_up.SHAPES[request.param]()
    evaluation = contents.without_seen or contents.evaluation
    path = tmp_path_factory.mktemp("report") / "report.html"
    thumbnails = {outcome.path: _thumbnail() for outcome in evaluation.mistakes[:3]}
    path.write_text(render(contents, thumbnails=thumbnails), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_it_opens_quietly_and_fits_the_screen(browser: Browser, report: Path, width: int, scheme: Any) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert _too_wide(page) == []
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0
    page.close()


def test_headings_links_and_language_are_in_order(browser: Browser, report: Path) -> None:
    page = browser.new_page(java_script_enabled=True)
    page.goto(report.as_uri())
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.evaluate("document.documentElement.lang") == "en"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#verdict"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "verdict"
    page.close()


def test_styles_apply_under_the_pages_own_policy(browser: Browser, report: Path) -> None:
    page = browser.new_page(color_scheme="light")
    page.goto(report.as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 252, 250)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 29)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def _too_wide(page: Page) -> list[str]:
    """Elements that stick out of the page and are not inside a region that scrolls by itself."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll('main *')]
            .filter(each => !each.closest('.scroll, svg'))
            .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(each => each.outerHTML.slice(0, 80))"""
    )
    return found
