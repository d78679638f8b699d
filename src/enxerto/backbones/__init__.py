"""Pretrained networks: their names, weights, preprocessing and architecture."""

from enxerto.backbones.backbone import Backbone, count_parameters, open_backbone, random_backbone
from enxerto.backbones.catalog import AUTO, CLASSES, DEFAULT, LAST, POOLINGS, Entry, Tap, entries, find, read_tap
from enxerto.backbones.preprocessing import Preprocessing, to_pixels
from enxerto.backbones.taps import TappedBackbone, candidate_taps, tap_widths, tapped
from enxerto.backbones.views import Augmentation, View

__all__ = [
    "AUTO",
    "CLASSES",
    "DEFAULT",
    "LAST",
    "POOLINGS",
    "Augmentation",
    "Backbone",
    "Entry",
    "Preprocessing",
    "Tap",
    "TappedBackbone",
    "View",
    "candidate_taps",
    "count_parameters",
    "entries",
    "find",
    "open_backbone",
    "random_backbone",
    "read_tap",
    "tap_widths",
    "tapped",
    "to_pixels",
]
