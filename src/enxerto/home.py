"""Where Enxerto keeps what it can make again (features, converted networks) and the weights it was given."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of caches and imported weights: `ENXERTO_HOME`, or the user's cache folder."""
    given = os.environ.get("ENXERTO_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("enxerto", appauthor=False))


def features_home() -> Path:
    """Feature stores, one file for each way to make features."""
    return home() / "features"


def networks_home() -> Path:
    """Networks converted for OpenVINO."""
    return home() / "networks"


def weights_home() -> Path:
    """Weights brought in by `enxerto backbones import`; never pruned."""
    return home() / "weights"


def downloads_home() -> Path:
    """Archives of data sets until they are unpacked, whole and in part."""
    return home() / "downloads"


def speeds_home() -> Path:
    """How fast backbones are on this machine, as `enxerto compare` measured it."""
    return home() / "speeds"
