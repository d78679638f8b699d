from __future__ import annotations

import re
from dataclasses import replace

import pytest
from page_reader import Reader

from enxerto.report.contents import BackboneCard
from enxerto.report.explanation.contents import (
    ExplanationCard,
    ExplanationContents,
    MapCard,
    MethodCard,
    NeighborCard,
)
from enxerto.report.explanation.page import legend, render_explanations
from enxerto.report.explanation.table import explanation_table
from enxerto.visualize.attribution import Faithfulness, SanityCheck

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


def contents() -> ExplanationContents:
    methods = (
        MethodCard("gradcam", "Grad-CAM", "Weighs maps.", False, SanityCheck("gradcam", 0.12, 2, True)),
        MethodCard("edges", "Edges", "Draws edges.", False, SanityCheck("edges", 0.97, 2, False)),
    )
    maps = (
        MapCard("gradcam", Faithfulness(0.2, 0.8), 0.11),
        MapCard("edges", Faithfulness(0.5, 0.5), 0.98),
    )
    near = (NeighborCard("train/a.jpg", "ant", 0.91), NeighborCard("train/b.jpg", "bee", 0.88))
    photos = (
        ExplanationCard("one.jpg", "ant", 0.97, "ant", 0.97, False, maps, Faithfulness(0.4, 0.6), near),
        ExplanationCard("two.jpg", "ant", 0.97, "bee", 0.002, True, maps, Faithfulness(0.4, 0.6), ()),
    )
    return ExplanationContents(
        title="2 photos",
        source="one.jpg, two.jpg",
        command="enxerto explain one.jpg two.jpg",
        created="2026-01-31T12:00:00+00:00",
        model="the model ants",
        backbone=BackboneCard("efficientnet_lite0", 4652008, 224, "apache-2.0", "ab" * 32, "last", "average"),
        engine="openvino fp32",
        methods=methods,
        photos=photos,
        problems=(("three.jpg", "the file has no content (empty)"),),
        notes=("The training photos are not in x.",),
        seconds=(("explaining", 1.5),),
        versions=(("python", "3.11"),),
        seed=0,
    )


PICTURES = [(WEBP, {"gradcam": WEBP, "edges": WEBP})] * 2


def hostile() -> ExplanationContents:
    made = contents()
    photo = replace(made.photos[0], name="<script>\x1b[31m", label="<b>", target="{{7*7}}\u202e")
    return replace(made, title="<h1>", photos=(photo, made.photos[1]), notes=("<i>",), model="<u>")


@pytest.mark.parametrize("made", [contents(), hostile()])
def test_the_page_is_one_well_formed_file_that_loads_nothing(made: ExplanationContents) -> None:
    text = render_explanations(made, pictures=PICTURES, thumbnails={"train/a.jpg": WEBP})
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["b"] == reader.tags["u"] == reader.tags["i"] == 0
    assert all(value.startswith("data:image/webp;base64,") for value in reader.values["src"])
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert len(reader.values["id"]) == len(set(reader.values["id"]))
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= set(reader.values["id"])
    assert "style" not in reader.values
    assert not re.search(r"https?://|@import|url\(|[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert text == render_explanations(made, pictures=PICTURES, thumbnails={"train/a.jpg": WEBP})


def test_everything_found_is_said() -> None:
    reader = Reader(render_explanations(contents(), pictures=PICTURES, thumbnails={"train/a.jpg": WEBP}))
    words = reader.words
    for part in (
        "Edges fails the check with random weights: don't trust its maps here.",
        "Passes: for random weights it draws something else (rank correlation 0.120 over 2 photos).",
        "Fails: for random weights it draws mostly the same (rank correlation 0.970 over 2 photos).",
        "Both scores are better than chance.",
        "Not better than chance in both scores.",
        "Predicted and explained.",
        "Explained; predicted is ant with 97.0 %; the photo looks like none that was learned from.",
        "Scores say little where the class has next to no probability.",
        "The training photos are not in x.",
        "the file has no content (empty)",
        "cosine 0.91",
    ):
        assert part in words, part
    assert reader.tags["img"] == 2 * 3 + 1
    assert words.count("Fails the check") == 2


def test_what_was_not_checked_is_not_claimed() -> None:
    made = contents()
    photos = tuple(
        replace(
            photo, chance=None, maps=tuple(replace(each, faithfulness=None, random_weights=None) for each in photo.maps)
        )
        for photo in made.photos
    )
    made = replace(made, photos=photos, methods=tuple(replace(each, sanity=None) for each in made.methods))
    words = Reader(render_explanations(made, pictures=PICTURES, thumbnails={})).words
    assert "Nothing was scored or checked." in words
    assert "better than chance" not in words.replace("score better than chance", "")
    assert "deletion" not in explanation_table(made, columns=300)


def test_all_pass_is_said_too() -> None:
    made = contents()
    both = replace(made, methods=(made.methods[0], replace(made.methods[0], name="edges", title="Other")))
    one = replace(made, methods=made.methods[:1], photos=tuple(replace(p, maps=p.maps[:1]) for p in made.photos))
    failing = tuple(replace(each, sanity=SanityCheck("x", 0.9, 1, False)) for each in made.methods)
    for changed, sentence in (
        (both, "All pass the check with random weights."),
        (one, "It passes the check with random weights."),
        (
            replace(made, methods=failing),
            "Grad-CAM and Edges fail the check with random weights: don't trust their maps",
        ),
    ):
        assert sentence in Reader(render_explanations(changed, pictures=PICTURES, thumbnails={})).words


def test_of_very_many_photos_the_first_are_shown() -> None:
    words = Reader(render_explanations(contents(), pictures=PICTURES[:1], thumbnails={})).words
    assert "The first 1 of 2." in words


def test_the_legend_goes_from_blue_over_nothing_to_yellow() -> None:
    drawn = re.findall(r'fill="rgb\((\d+), (\d+), (\d+)\)" fill-opacity="([\d.]+)"', legend())
    first, middle, last = drawn[0], drawn[len(drawn) // 2], drawn[-1]
    assert int(first[2]) > int(first[0])
    assert int(last[0]) > int(last[2])
    assert float(middle[3]) < 0.1 < float(first[3]) == float(last[3]) == 1


def test_the_terminal_has_the_same_figures() -> None:
    text = explanation_table(contents(), columns=300)
    assert re.search(r"Grad-CAM +0\.200 +0\.800 +2 of 2", text)
    assert re.search(r"a random map +0\.400 +0\.600", text)
    assert re.search(r"two\.jpg +ant 97\.0 % +bee 0\.2 %", text)
    assert "not read: three.jpg: the file has no content (empty)" in text
    assert "train/a.jpg" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", explanation_table(hostile(), columns=80))
