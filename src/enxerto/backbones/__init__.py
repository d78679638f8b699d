"""Pretrained networks: their names, weights, preprocessing and architecture."""

from enxerto.backbones.backbone import Backbone, count_parameters, open_backbone, random_backbone
from enxerto.backbones.catalog import CLASSES, DEFAULT, LAST, POOLINGS, Entry, entries, find
from enxerto.backbones.preprocessing import Preprocessing, to_pixels
from enxerto.backbones.views import Augmentation, View

__all__ = [
    "CLASSES",
    "DEFAULT",
    "LAST",
    "POOLINGS",
    "Augmentation",
    "Backbone",
    "Entry",
    "Preprocessing",
    "View",
    "count_parameters",
    "entries",
    "find",
    "open_backbone",
    "random_backbone",
    "to_pixels",
]
