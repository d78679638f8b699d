"""Data sets by name: where they lie, what they are, and how they become photos that can be learned from."""

from enxerto.data.catalog.datasets import DATASETS, Archive, Dataset, find
from enxerto.data.catalog.getting import Got, bring, get, prune_downloads
from enxerto.data.catalog.listings import write_listing

__all__ = ["DATASETS", "Archive", "Dataset", "Got", "bring", "find", "get", "prune_downloads", "write_listing"]
