"""Pretrained networks: their names, weights, preprocessing and architecture."""

from enxerto.backbones.backbone import Backbone, count_parameters, open_backbone
from enxerto.backbones.catalog import CLASSES, DEFAULT, LAST, POOLINGS, Entry, entries, find
from enxerto.backbones.preprocessing import Preprocessing, to_pixels

__all__ = [
    "CLASSES",
    "DEFAULT",
    "LAST",
    "POOLINGS",
    "Backbone",
    "Entry",
    "Preprocessing",
    "count_parameters",
    "entries",
    "find",
    "open_backbone",
    "to_pixels",
]
