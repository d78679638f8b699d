"""One vector a photo: extracted with decoding and inference overlapped, and kept on disk."""

from enxerto.features.extract import extract
from enxerto.features.precision import PrecisionChoice, engine_for, spread
from enxerto.features.store import Store
from enxerto.features.stores import StoreInfo, list_stores, open_store, prune, store_key, verify_stores
from enxerto.features.table import FeatureTable

__all__ = [
    "FeatureTable",
    "PrecisionChoice",
    "Store",
    "StoreInfo",
    "engine_for",
    "extract",
    "list_stores",
    "open_store",
    "prune",
    "spread",
    "store_key",
    "verify_stores",
]
