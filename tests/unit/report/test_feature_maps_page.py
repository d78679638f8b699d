from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_feature_maps import feature_maps, feature_pictures
from page_reader import Reader

from enxerto.report import (
    FeatureMapsContents,
    PagePictures,
    feature_maps_from_json,
    feature_maps_table,
    feature_maps_to_json,
    render_feature_maps,
)
from enxerto.report.text import plain


def words_of(contents: FeatureMapsContents, pictures: PagePictures) -> str:
    """The page's text with plain quotes and minus signs."""
    return plain(Reader(render_feature_maps(contents, pictures)).words)


def hostile() -> FeatureMapsContents:
    contents = feature_maps()
    photo = replace(contents.photos[0], name="<script>\x1b[31m{{7*7}}", best=(("<b>\u202e", 0.9),))
    return replace(contents, title="<h1>", photos=(photo,), target="<i>", command="<u>")


@pytest.mark.parametrize("contents", [feature_maps(), feature_maps(2), feature_maps(2, "difference"), hostile()])
def test_the_page_is_one_well_formed_file_that_loads_nothing(contents: FeatureMapsContents) -> None:
    text = render_feature_maps(contents, feature_pictures(contents))
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags["script"] == reader.tags["b"] == reader.tags["i"] == reader.tags["u"] == 0
    assert all(value.startswith("#") or value == "data:," for value in reader.values["href"])
    assert all(value.startswith("data:image/png;base64,") for value in reader.values["src"])
    assert {value[1:] for value in reader.values["href"] if value.startswith("#")} <= {*reader.values["id"]}
    assert all(reader.values["alt"])


def test_one_photo_is_told_with_its_strongest_channel() -> None:
    contents = feature_maps()
    words = words_of(contents, feature_pictures(contents))
    assert f"{contents.backbone.name} sees 'tabby' (90.0 %). In 'block.2', the last layer drawn, channel 2" in words
    assert "speaks most for 'Siamese cat': without it, the score would fall by about 0.75." in words
    assert "Siamese cat1.0 %" in words
    assert "Layers drawn2With 6 channels in all. Dead channels2" in words
    assert "2 +0.750 0 -0.500" in words
    assert "block.1Block3 × 4 × 41050.0 %2 (+0.750)" in words
    assert "the map, and the photo seen through it" in words


def test_where_nothing_speaks_for_the_class_nothing_is_claimed() -> None:
    contents = feature_maps()
    last = replace(contents.layers[1], channels=contents.layers[1].channels[1:])
    against = replace(contents, layers=(contents.layers[0], last))
    pictures = feature_pictures(contents)
    bare = replace(pictures, layers=(pictures.layers[0], replace(pictures.layers[1], close_ups=())))
    words = words_of(against, bare)
    assert "(90.0 %). In 'block.2', the last layer drawn, no channel speaks for 'Siamese cat'." in words


def test_two_photos_are_told_with_their_change() -> None:
    contents = feature_maps(2, "difference")
    words = words_of(contents, feature_pictures(contents))
    assert "(90.0 %) in the first photo and 'tabby' (90.0 %) in the second." in words
    assert "block.1Block3 × 4 × 425.0 %1 / 10 / 050.0 % / 50.0 %2 (0.25)" in words
    assert "Both photos share their scales." in words


def test_without_filters_and_times_they_are_left_out() -> None:
    contents = replace(
        feature_maps(rank="activation"), filters="", filter_count=0, seconds=(), scale="layer", asked=False
    )
    words = words_of(contents, replace(feature_pictures(contents), filters=b""))
    assert "First filters" not in words
    assert "All channels of a layer are on one scale" in words
    assert "2 (1.5)" in words


def test_the_terminal_shows_a_line_a_layer() -> None:
    lines = feature_maps_table(feature_maps()).splitlines()
    assert lines[0] == "cat0.png: tabby 90.0 %, lynx 5.0 %"
    assert lines[1] == "effects are on Siamese cat; channels are ordered by effect"
    assert lines[-1].split() == [
        "block.2", "Block", "3", "x", "4", "x", "4", "1", "0", "2", "(+0.750)", "0", "(-0.500)", "1", "(+0.000)",
    ]  # fmt: skip
    compared = feature_maps_table(feature_maps(2, "difference")).splitlines()
    assert "change" in compared[4]
    assert compared[-1].endswith("1/1        0/0  25.0 %  2 (0.25) 0 (0.25) 1 (0.25)")


def test_contents_survive_json() -> None:
    contents = feature_maps(2)
    assert feature_maps_from_json(feature_maps_to_json(contents)) == contents
