"""One vector a photo: extracted with decoding and inference overlapped, and kept on disk."""

from enxerto.features.extract import extract
from enxerto.features.precision import PrecisionChoice, engine_for, spread
from enxerto.features.store import Store
from enxerto.features.stores import (
    NetworksInfo,
    StoreInfo,
    converted_networks,
    list_stores,
    open_store,
    prune,
    store_key,
    verify_stores,
)
from enxerto.features.table import FeatureTable
from enxerto.features.views import ViewFeatures, extract_views

__all__ = [
    "FeatureTable",
    "NetworksInfo",
    "PrecisionChoice",
    "Store",
    "StoreInfo",
    "ViewFeatures",
    "converted_networks",
    "engine_for",
    "extract",
    "extract_views",
    "list_stores",
    "open_store",
    "prune",
    "spread",
    "store_key",
    "verify_stores",
]
