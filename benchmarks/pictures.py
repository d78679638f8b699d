"""How fast pictures of a network's inside are there: feature maps, and overlays against the gradient engine's rate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import Answer, table

PICTURED_PHOTOS = "PICTURED_PHOTOS"
"""Variable: how many photos get overlays, `100` by default."""


def pictures(photos: Path, _repeats: int) -> Iterator[str]:
    """Both, on photos of the folder imagenet."""
    yield "## Feature maps and overlays"
    where = photos / "imagenet"
    if not where.is_dir():
        yield "Not measured: the folder imagenet is missing."
        return
    maps = run("our_feature_maps", where)
    yield (
        f"Feature maps of one photo in {maps['layers']} layers of VGG-16 ({maps['channels']:,} channels; random "
        "weights, which take the same time): what `enxerto features` does once the network is loaded, until "
        f"{maps['files']} files of {maps['megabytes']:.0f} MB together are written: pictures, arrays and the page."
    )
    rows = [
        (name, f"{each['seconds']:.2f}", *(f"{seconds:.2f}" for seconds in _parts(each).values()))
        for name, each in zip(("first photo", "second photo"), maps["rounds"], strict=True)
    ]
    yield table(("", "seconds", *(f"of them {part}" for part in _parts(maps["rounds"][0]))), rows)
    overlays = run("our_overlays", where, COUNT=os.environ.get(PICTURED_PHOTOS, "100"))
    yield (
        f"Grad-CAM overlays of {overlays['photos']} photos by EfficientNet-Lite0 on {overlays['engine']}: decoded, "
        "explained, drawn over the photo in its own size, and encoded as JPEG. Gradients are the engine's "
        "`input_gradient` on the pixels of the same photos, in memory, in the same process. Each is the fastest of "
        "three passes; the whole command also writes the page, and opens what explains anew."
    )
    header = ("", "photos a second", "ratio to the gradients")
    names = {"gradients": "gradients", "overlays": "overlays", "command": "`enxerto explain`, whole command"}
    yield table(
        header,
        [(shown, f"{overlays[key]:.1f}/s", f"{overlays[key] / overlays['gradients']:.2f}×")
         for key, shown in names.items()],
    )  # fmt: skip


def _parts(measured: Answer) -> dict[str, float]:
    """Stages, and what is left of all seconds."""
    stages: dict[str, float] = measured["stages"]
    return {**stages, "page and files": measured["seconds"] - sum(stages.values())}
