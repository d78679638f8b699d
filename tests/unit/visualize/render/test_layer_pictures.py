from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from enxerto.visualize.activations import Activations
from enxerto.visualize.channels import describe_channels
from enxerto.visualize.feature_maps import LayerMaps
from enxerto.visualize.layers import CHANNELS_FIRST, TOKENS, Layer
from enxerto.visualize.render.layer_pictures import close_up, layer_png, limits_of, panels_of, seen_through
from enxerto.visualize.render.layer_svg import layer_svg
from enxerto.visualize.render.legend import difference_words, legend, scale_words
from enxerto.visualize.render.palette import SATURATED, ZERO


def layer_of(photos: int = 1, *, tokens: int = 0, below: bool = False) -> LayerMaps:
    dice = np.random.default_rng(1)
    maps = dice.random((photos, 6, 4, 4)).astype(np.float32) - 0.5 * below
    maps[:, 2] *= 10
    maps[:, 4] = 0
    layer = Layer("block.1", "Block", TOKENS if tokens else CHANNELS_FIRST, 6, 4, 4, tokens, "ReLU")
    extra = dice.normal(size=(photos, tokens, 6)).astype(np.float32)
    activations = Activations(layer, maps, extra, dice.normal(size=(photos, 6)).astype(np.float32))
    return LayerMaps(activations, describe_channels(activations))


def test_limits_are_each_channels_own_or_the_layers() -> None:
    layer = layer_of()
    own, shared = limits_of(layer, "channel"), limits_of(layer, "layer")
    assert own.tolist() == layer.activations.maps[0].max((1, 2)).tolist()
    assert shared.tolist() == [own.max()] * 6


def colors(indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is above zero in a picture of indices."""
    return indices[indices > ZERO]


def test_a_weak_channel_is_seen_on_its_own_scale_and_dark_on_the_layers() -> None:
    layer = layer_of()
    own, shared = (panels_of(layer, scale, ("photo",))[0].grid for scale in ("channel", "layer"))
    assert (own == 255).sum() > (shared == 255).sum() > 0
    assert np.median(colors(own)) > np.median(colors(shared))


@pytest.mark.parametrize("scale", ["channel", "layer"])
def test_two_photos_have_a_grid_each_and_one_of_their_difference(scale: str) -> None:
    panels = panels_of(layer_of(2), scale, ("first", "second"))
    assert [panel.heading for panel in panels] == ["first", "second", "difference"]
    assert len({panel.grid.shape for panel in panels}) == 1
    assert panels[0].grid.min() == 0
    below = [((panel.grid > SATURATED) & (panel.grid < ZERO)).any() for panel in panels]
    assert below == [False, False, True]


def test_tokens_without_a_place_are_drawn_apart() -> None:
    one, two = layer_of(tokens=1), layer_of(2, tokens=2)
    assert [panel.heading for panel in panels_of(one, "channel", ("photo",))] == ["photo", "class token"]
    panels = panels_of(two, "channel", ("first", "second"))
    assert [panel.heading for panel in panels[3:]] == [
        "tokens without a place, first",
        "tokens without a place, second",
    ]
    assert [panel.of_channels for panel in panels] == [True, True, True, False, False]


def test_the_png_is_a_picture_with_words() -> None:
    layer = layer_of(2)
    panels = panels_of(layer, "channel", ("first", "second"))
    with Image.open(BytesIO(layer_png(panels, "block.1", legend(layer, "channel", "effect", "cat")))) as picture:
        assert picture.format == "PNG"
        assert picture.width > 3 * panels[0].grid.shape[1]


def test_the_svg_tells_of_every_channel() -> None:
    layer = layer_of()
    (panel,) = panels_of(layer, "channel", ("photo",))
    root = ElementTree.fromstring(layer_svg(panel, layer, "a <b> & c", ("one", "two")))
    name = "{http://www.w3.org/2000/svg}"
    titles = [each.text for each in root.iter(f"{name}title")]
    assert titles[0] == "a <b> & c"
    assert len(titles) == 1 + 6
    first = layer.channels.order[0]
    assert str(titles[1]).startswith(f"channel {first}: from ")
    rectangles = [each for each in root.iter(f"{name}rect") if each.find(f"{name}title") is not None]
    assert float(rectangles[1].attrib["x"]) == float(rectangles[0].attrib["width"])


def test_a_channel_up_close_has_its_map_and_the_photo_through_it() -> None:
    image = np.full((1, 32, 32, 3), 200, dtype=np.uint8)
    shown = close_up(layer_of(), 2, image, ("photo",), "channel")
    assert (shown.number, [heading for heading, _ in shown.pictures]) == (2, ["map", "photo"])
    both = close_up(layer_of(2), 2, image.repeat(2, 0), ("first", "second"), "layer")
    assert [heading for heading, _ in both.pictures] == ["first", "second", "difference"]


def test_the_photo_is_bright_where_the_channel_answers() -> None:
    values = np.zeros((4, 4), dtype=np.float32)
    values[:, 2:] = -3
    with Image.open(BytesIO(seen_through(np.full((32, 32, 3), 200, np.uint8), values, 3.0))) as picture:
        levels = np.asarray(picture.convert("L"), dtype=float)
    assert levels[:, :20].mean() < 40
    assert levels[:, -20:].mean() > 190


def test_the_scale_is_said_in_words() -> None:
    above, below = layer_of(), layer_of(below=True)
    assert scale_words(above, "channel").startswith("Every channel from 0 to its own largest value; the bar under it")
    assert "from minus to plus its own largest magnitude" in scale_words(below, "channel")
    assert "on one scale, from 0 to 9.17" in scale_words(above, "layer")
    assert "on one scale, from -4.6 to 4.6" in scale_words(below, "layer")
    assert scale_words(layer_of(tokens=1), "channel").endswith("from minus to plus the token's largest magnitude.")
    assert difference_words("layer") == "Difference, second minus first: on the same scale."
    lines = legend(layer_of(2), "channel", "effect", "cat")
    assert "own largest difference" in lines[1]
    assert lines[2].startswith(
        "1 and 1 of 6 dead (crossed out), 0 and 0 saturated (framed). Order: by effect on the class cat"
    )
