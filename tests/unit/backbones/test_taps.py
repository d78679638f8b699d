from __future__ import annotations

import pytest
import torch
from tiny_networks import tiny_network

from enxerto.backbones import Tap, candidate_taps, open_backbone, read_tap, tap_widths, tapped
from enxerto.errors import OptionError, UnknownNameError


@pytest.mark.parametrize(
    ("typed", "pooling", "tap", "shown"),
    [
        ("last", "average", Tap(), "last"),
        ("blocks.3:2x2", "average", Tap("blocks.3", "grid2"), "blocks.3:2x2"),
        ("blocks.3:2x2", "grid2", Tap("blocks.3", "grid2"), "blocks.3:2x2"),
        ("blocks.3", "grid2", Tap("blocks.3", "grid2"), "blocks.3:2x2"),
        ("last:max", "average", Tap("last", "max"), "last:max"),
        ("layer1:average", "average", Tap("layer1"), "layer1"),
    ],
)
def test_a_layer_is_typed_with_its_pooling_behind_it(typed: str, pooling: str, tap: Tap, shown: str) -> None:
    assert read_tap(typed, pooling) == tap
    assert str(tap) == shown
    assert read_tap(shown) == tap


@pytest.mark.parametrize(
    ("typed", "pooling", "message"),
    [
        ("blocks.3:3x3", "average", "NAME or NAME:2x2"),
        (":2x2", "average", "NAME or NAME:2x2"),
        ("blocks.3:2x2", "max", "contradict each other"),
        ("blocks.3", "median", "`pooling` must be one of average, max, grid2, got 'median'"),
    ],
)
def test_what_is_no_layer_is_refused(typed: str, pooling: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_tap(typed, pooling)


def test_auto_is_no_layer_of_a_backbone() -> None:
    with pytest.raises(OptionError, match="layer auto is chosen by training"):
        open_backbone(layer="auto")


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
def test_several_taps_give_what_each_gives_alone(name: str) -> None:
    backbone = tiny_network(name)
    taps = candidate_taps(backbone)
    pixels = torch.rand(2, 3, *2 * [backbone.preprocessing.size_px], generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together = tapped(backbone, taps).feature_network()(pixels)
        alone = [backbone.tapping(tap).feature_network()(pixels) for tap in taps]
    assert tap_widths(backbone, taps) == tuple(each.shape[1] for each in alone)
    torch.testing.assert_close(together, torch.cat(alone, 1))


def test_candidates_end_with_the_last_layer_and_have_a_grid_where_there_are_maps() -> None:
    taps = candidate_taps(tiny_network("test_resnet"))
    assert taps[-2:] == (Tap(), Tap("last", "grid2"))
    assert {tap.layer for tap in taps if tap.pooling == "grid2"} == {tap.layer for tap in taps}
    assert all(tap.pooling == "average" for tap in candidate_taps(tiny_network("test_vit")))


def test_taps_are_part_of_what_features_are_kept_under() -> None:
    backbone = tiny_network()
    one, other = tapped(backbone, [Tap()]), tapped(backbone, [Tap(), Tap("layer1")])
    assert len({backbone.fingerprint, one.fingerprint, other.fingerprint}) == 3
    assert one.network is tapped(one, [Tap()]).network


def test_an_unknown_layer_among_the_taps_lists_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean layer2"):
        tapped(tiny_network(), [Tap("layer22")]).feature_network()
