"""Seconds of `enxerto compare`, start-up included: features and speeds cold, then warm, then with transfer measured."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.child import report
from enxerto.home import features_home, speeds_home

BACKBONES = (
    "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "squeezenet1_1", "random:resnet50",
    "random:vgg16",
)  # fmt: skip
PHOTOS_A_CLASS = 200


def main(photos: Path) -> dict[str, Any]:
    """The command on 400 photos."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("cat", "dog"):
            (Path(folder) / name).mkdir()
            for photo in sorted((photos / "train" / name).iterdir())[:PHOTOS_A_CLASS]:
                shutil.copy(photo, Path(folder) / name)
        _command(Path(folder))  # converts the networks
        for kept in (features_home(), speeds_home()):
            shutil.rmtree(kept)
        cold = _command(Path(folder))
        warm = _command(Path(folder))
        whole = _command(Path(folder), transfer=True)
    return {
        "backbones": BACKBONES, "photos": 2 * PHOTOS_A_CLASS, "cold_seconds": cold, "warm_seconds": warm,
        "whole_seconds": whole,
    }  # fmt: skip


def _command(folder: Path, *, transfer: bool = False) -> float:
    start = time.perf_counter()
    options = ["--backbones", ",".join(BACKBONES), *([] if transfer else ["--no-transfer"]), "-q"]
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "enxerto", "compare", str(folder), *options],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - start


if __name__ == "__main__":
    report(main)
