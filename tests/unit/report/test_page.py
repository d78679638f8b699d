import base64
import hashlib
import re
from dataclasses import replace
from importlib import resources
from itertools import pairwise

import made_up_reports as made_up
import pytest
from page_reader import Reader

from enxerto.errors import OptionError
from enxerto.evaluation.results import Interval, Outcome
from enxerto.report.contents import ReportContents
from enxerto.report.page import MOST_CARDS, THUMBNAILS_BYTES, figures, render

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


def shown(contents: ReportContents) -> list[Outcome]:
    evaluation = contents.without_seen or contents.evaluation
    return [*evaluation.mistakes[:MOST_CARDS], *evaluation.suspicious_labels[:MOST_CARDS]]


@pytest.mark.parametrize("shape", made_up.SHAPES)
def test_the_page_is_one_well_formed_file_that_loads_nothing(shape: str) -> None:
    contents = made_up.SHAPES[shape]()
    text = render(contents, thumbnails={outcome.path: WEBP for outcome in shown(contents)})
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["iframe"] == reader.tags["object"] == 0
    assert all(value.startswith("data:image/webp;base64,") for value in reader.values.get("src", []))
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert not re.search(r"https?://|@import|url\(", text)
    assert not [key for key in reader.values if key.startswith("on") or key == "style"]
    text.encode("utf-8")
    ids = reader.values["id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= set(ids)


@pytest.mark.parametrize("shape", made_up.SHAPES)
def test_the_same_contents_give_the_same_bytes(shape: str) -> None:
    assert render(made_up.SHAPES[shape](), thumbnails={}) == render(made_up.SHAPES[shape](), thumbnails={})


def test_headings_are_in_order() -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", render(made_up.dirty(), thumbnails={}))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_thirty_seven_classes_with_48_thumbnails_stay_below_3_mb() -> None:
    contents = made_up.many_classes()
    evaluation = contents.evaluation
    outcomes = tuple(replace(evaluation.mistakes[0], path=f"photo-{i}.jpg") for i in range(48))
    contents = replace(
        contents, evaluation=replace(evaluation, mistakes=outcomes[:24], suspicious_labels=outcomes[24:])
    )
    thumbnails = {outcome.path: WEBP + bytes(15_900) for outcome in outcomes}
    text = render(contents, thumbnails=thumbnails)
    assert Reader(text).tags["img"] == 48
    assert len(text.encode()) < 3_000_000


def test_thumbnails_beyond_the_budget_become_placeholders() -> None:
    contents = made_up.many_classes()
    thumbnails = {outcome.path: WEBP + bytes(THUMBNAILS_BYTES // 3) for outcome in shown(contents)}
    text = render(contents, thumbnails=thumbnails)
    assert len(text.encode()) < 3_000_000
    assert text.count('class="placeholder"') > 0
    assert len(set(Reader(text).values["src"])) == 1


def test_cards_say_in_words_what_the_picture_shows() -> None:
    contents = made_up.tiny()
    (mistake,) = contents.evaluation.mistakes
    with_picture = Reader(render(contents, thumbnails={mistake.path: WEBP}))
    assert (
        f"Photo labelled \u2068{mistake.label}\u2069, predicted \u2068{mistake.predicted}\u2069"
        in with_picture.values["alt"]
    )
    without = Reader(render(contents, thumbnails={}))
    assert without.tags["img"] == 0
    assert any(value.startswith("No preview; labelled") for value in without.values["aria-label"])


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"GIF89a", b""])
def test_other_thumbnails_are_refused(content: bytes) -> None:
    contents = made_up.tiny()
    with pytest.raises(OptionError, match=r"the thumbnail of 'bees/photo-0000.jpg' must be a JPEG, PNG or WebP file"):
        render(contents, thumbnails={contents.evaluation.mistakes[0].path: content})


def test_hostile_names_stay_text() -> None:
    text = render(made_up.hostile(), thumbnails={})
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    words = Reader(text).words
    assert "<script>alert(1)</script>" in words
    assert "{{7*7}}" in words
    assert "49" not in words.split()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066\u2067\ud800-\udfff]", text)
    assert "x" * 100 not in text


def test_names_are_isolated_in_their_direction() -> None:
    text = render(made_up.hostile(), thumbnails={})
    outside = re.sub(r"\u2068[^\u2068\u2069]*\u2069", "", text)
    assert "שלום" not in outside


def test_a_probability_below_one_is_never_100_percent() -> None:
    contents = made_up.tiny()
    sure = replace(contents.evaluation.mistakes[0], probability=0.999999, label_probability=1e-6)
    evaluation = replace(contents.evaluation, mistakes=(sure,), suspicious_labels=(sure,))
    words = Reader(render(replace(contents, evaluation=evaluation), thumbnails={})).words
    assert words.count("> 99.9 %") == 2
    assert words.count("< 0.1 %") == 2


def test_the_verdict_the_data_and_the_recipe_are_there() -> None:
    contents = made_up.dirty()
    words = Reader(render(contents, thumbnails={})).words
    for part in (
        "of 120 photos right, by 5-fold cross-validation",
        "Accuracy on 120 photos, taken from 240 readable of 242 photos.",
        "the file ends in the middle of the picture",
        "labelled cat and dog: cat/a.jpg",
        "in test and train",
        "and 2 more",
        contents.command,
        contents.backbone.sha256,
        "Apache-2.0",
        "openvino bf16",
        contents.precision_note,
        "temperature 1.31: the raw ones were too sure",
        "features 3.12 s",
        "6.53 s in all",
        "Stated: 95.0 %.",
        "Seed0 Backbone",
    ):
        assert part in words, part


def test_photos_that_were_in_training_are_named_and_left_out() -> None:
    words = Reader(render(made_up.with_seen_photos(), thumbnails={})).words
    assert "280 photos were in training, themselves, as a copy or with their group, and are left out" in words
    assert "instead of 98.3 %" in words
    assert "cat/0.jpg" in words
    assert "and 180 more" in words
    assert "Not measured: this report has no control" in words
    nothing_new = replace(made_up.with_seen_photos(), without_seen=None)
    assert "how well the classifier remembers" in Reader(render(nothing_new, thumbnails={})).words


def test_above_forty_classes_pairs_replace_the_heatmap() -> None:
    assert 'id="confusion-title"' in render(made_up.many_classes(40), thumbnails={})
    text = render(made_up.many_classes(41), thumbnails={})
    assert 'id="confusion-title"' not in text
    assert 'id="pairs-1-title"' in text


def test_a_perfect_evaluation_has_no_confusion_and_no_mistakes() -> None:
    words = Reader(render(made_up.contents(("cat", "dog"), 50, 0.0), thumbnails={})).words
    assert "No class was taken for another." in words
    assert "No photo was misjudged." in words


def test_classes_without_evaluated_photos_are_said_to_have_none() -> None:
    contents = made_up.dirty()
    first, *others = contents.evaluation.per_class
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    empty = replace(first, support=0, precision=nothing, recall=nothing, f1=nothing)
    evaluation = replace(contents.evaluation, per_class=(empty, *others))
    text = render(replace(contents, evaluation=evaluation), thumbnails={})
    assert "no evaluated photos" in text
    assert "nan" not in Reader(text).words.lower().split()


def test_log_loss_is_compared_with_knowing_nothing() -> None:
    by_name = {figure.name: figure for figure in figures(made_up.two_classes().evaluation)}
    assert "knowing nothing scores 0.693" in by_name["Log loss"].meaning
    assert by_name["Log loss"].interval == "0.050\u20130.099"


def test_the_style_sheet_is_the_only_one_the_policy_allows() -> None:
    text = render(made_up.tiny(), thumbnails={})
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'" in text


def palettes() -> dict[str, dict[str, str]]:
    css = (resources.files("enxerto.report") / "templates" / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    light, dark, printed = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **printed}}


def luminance(color: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(color: str) -> tuple[float, ...]:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    return tuple(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_colors_have_the_contrast_that_wcag_asks_for(scheme: str) -> None:
    palette = {name: rgb(color) for name, color in palettes()[scheme].items()}
    for text in ("ink", "quiet", "model", "go", "care", "stop"):
        for ground in ("paper", "sheet", "raised"):
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)
    for tone in ("go", "care", "stop"):
        assert contrast(palette["on-strong"], palette[tone]) >= 4.5, tone
    for mark in ("model", "wrong", "control", "majority", "edge"):
        assert contrast(palette[mark], palette["raised"]) >= 3, mark


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_numbers_in_the_heatmap_can_be_read_on_every_shade(scheme: str) -> None:
    css = (resources.files("enxerto.report") / "templates" / "report.css").read_text(encoding="utf-8")
    opacities = {int(i): float(o) for i, o in re.findall(r"\.step-(\d) \{ fill-opacity: ([\d.]+)", css)}
    palette = {name: rgb(color) for name, color in palettes()[scheme].items()}
    assert sorted(opacities) == [0, 1, 2, 3, 4, 5]
    for step, opacity in opacities.items():
        text = palette["on-strong"] if step >= 4 else palette["ink"]
        for hue in ("model", "wrong"):
            shade = tuple(opacity * c + (1 - opacity) * s for c, s in zip(palette[hue], palette["sheet"], strict=True))
            assert contrast(text, shade) >= 4.5, (step, hue)


def test_ways_tuning_and_curve_have_their_sections() -> None:
    text = render(made_up.fine_tuned(), thumbnails={})
    words = Reader(text).words
    for part in (
        "fine-tuning kept 93.1 % 90.4\u201395.8 % +2.3 points +1.1 to +3.5 points",
        "Better than the probe.",
        "2,713,248 parameters of the network learned, in 2 stages: blocks.5, blocks.6.",
        "the loss became inf at step 17",
        "Fit \u2018final\u2019, epoch by epoch",
        "Learning-rate finder Taken: 0.0012.",
        "optimizeradamw",
        "measured on the same 400 photos each time",
        "With twice the photos (56 a class), expect about 89 % (87 to 91 %)",
        "Way keptfine-tuning",
    ):
        assert part in words, part
    assert {"#ways", "#tuning", "#more-photos"} <= set(Reader(text).values["href"])


def test_without_them_the_page_has_no_such_section() -> None:
    text = render(made_up.two_classes(), thumbnails={})
    assert not {"ways", "tuning", "more-photos"} & set(Reader(text).values["id"])
    assert "Way kept" not in Reader(text).words


def test_a_tuning_without_fits_stages_and_finder_has_its_recipe() -> None:
    card = replace(made_up.tuning(), fits=(), stages=(), finder=(), suggested_rate=None)
    words = Reader(render(replace(made_up.two_classes(), tuning=card), thumbnails={})).words
    assert "of the network learned. Of every fit" in words
    assert "How each fit ended" not in words
    assert "Learning-rate finder" not in words
    assert "optimizeradamw" in words


def test_a_fit_that_never_beat_its_start_says_so() -> None:
    fit = replace(made_up.fit("final"), best=0, averaged=False)
    card = replace(made_up.tuning(), fits=(fit,))
    words = Reader(render(replace(made_up.two_classes(), tuning=card), thumbnails={})).words
    assert "No epoch was better than the start" in words
    assert "final8the start90.5 % at the start 90.5 %" in words


def test_what_a_defense_buys_and_costs_has_its_section() -> None:
    text = render(made_up.hardened(), thumbnails={})
    words = Reader(text).words
    for part in (
        "160 photos that no network here has learned from",
        "changed by up to 2/255",
        "under attack 2.0 % 0.5\u20133.5 % 60.0 % 55.0\u201365.0 % +58.0 points +52.0 to +64.0 points",
        "as they are 97.0 % 95.0\u201399.0 % 92.0 % 89.0\u201395.0 % \u22125.0 points \u22129.0 to \u22121.0 points",
        "APGD up the cross-entropy, 20 steps. A stronger attack may fool more of them.",
        "right on 50.0 %, and no attack changes that",
        "so figures of fits are of changed photos",
    ):
        assert part in words, part
    assert "#defense" in Reader(text).values["href"]
    plain = render(made_up.fine_tuned(), thumbnails={})
    assert "defense" not in Reader(plain).values["id"]
    assert "changed photos" not in Reader(plain).words
