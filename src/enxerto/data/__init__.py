"""Photos on disk: find them, decode them, judge them, split them."""

from __future__ import annotations

from enxerto.data.decode import DECODER, REASONS, WARNINGS, DecodedPhoto, Limits, decode, read_bytes
from enxerto.data.duplicates import Duplicates, clusters, find_duplicates
from enxerto.data.embedded import cat_photo, write_digits, write_faces
from enxerto.data.examine import check, examine, look_at
from enxerto.data.health import ClassCount, DataHealth, DuplicateGroup, PhotoIssue
from enxerto.data.inspect import PhotoRecord, inspect, thumbprint
from enxerto.data.listing import list_photos, list_unlabeled, require_trainable
from enxerto.data.photo import Photo, PhotoSet
from enxerto.data.split import Split, merge_groups, split_photos
from enxerto.data.splitfile import format_split, read_split

__all__ = [
    "DECODER",
    "REASONS",
    "WARNINGS",
    "ClassCount",
    "DataHealth",
    "DecodedPhoto",
    "DuplicateGroup",
    "Duplicates",
    "Limits",
    "Photo",
    "PhotoIssue",
    "PhotoRecord",
    "PhotoSet",
    "Split",
    "cat_photo",
    "check",
    "clusters",
    "decode",
    "examine",
    "find_duplicates",
    "format_split",
    "inspect",
    "list_photos",
    "list_unlabeled",
    "look_at",
    "merge_groups",
    "read_bytes",
    "read_split",
    "require_trainable",
    "split_photos",
    "thumbprint",
    "write_digits",
    "write_faces",
]
