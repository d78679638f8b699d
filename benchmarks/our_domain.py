"""The domain distance of one folder of photos, its classes unknown: `python -m benchmarks.our_domain PHOTOS`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import report
from enxerto.backbones import open_backbone
from enxerto.data import list_unlabeled
from enxerto.engines import open_engine
from enxerto.jobs.training.domain import run_domain
from enxerto.jobs.training.settings import Settings
from enxerto.progress import silent


def main(photos: Path) -> dict[str, Any]:
    """Every photo is a group of its own."""
    listed = list_unlabeled([photos])
    backbone = open_backbone()
    own = np.arange(len(listed))
    found = run_domain(
        backbone, open_engine(backbone), listed, np.zeros(len(listed), np.int64), own,
        Settings(None, 0.95, True, 0, None, silent),
    )  # fmt: skip
    assert found is not None
    return {"domain": [found.share.value, found.share.low, found.share.high], "far": found.far}


if __name__ == "__main__":
    report(main)
