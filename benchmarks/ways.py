"""How good the ways to a classifier are: the linear probe, the probe on several views, fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import PETS, Row, table

BACKBONES = (
    ("efficientnet_lite0", {}),
    ("efficientnet_lite2", {"SIZE": "292", "CROP": "1"}),
    ("efficientnet_lite2", {"SIZE": "292", "CROP": "1", "MIRROR": "yes"}),
)


def ways(photos: Path, _repeats: int) -> Iterator[str]:
    """On pets37, by cross-validation."""
    yield "## Probe, views, fine-tuning"
    if not (photos / "pets37").is_dir():
        yield "The ways to a classifier were not measured on pets37: the folder is missing."
        return
    rows: list[Row] = []
    best: list[str] = []
    for backbone, view in BACKBONES:
        answer = run("our_ways", photos / "pets37", BACKBONE=backbone, **view, **PETS)
        mirror = " --mirror" if "MIRROR" in view else ""
        shown = backbone + (f", `--size {view['SIZE']} --crop {view['CROP']}{mirror}`" if view else "")
        for point in answer["points"]:
            gain = "" if point["gain"] is None else "{:+.4f} ({:+.4f} to {:+.4f})".format(*point["gain"])
            kept = "yes" if point["kept"] else ""
            rows.append((
                shown, point["name"], f"{point['accuracy']:.4f}", f"{point['log_loss']:.4f}", gain, kept,
                f"{point['seconds']:.0f}",
            ))  # fmt: skip
        top = max(answer["points"], key=lambda point: point["accuracy"])
        best.append(f"{top['accuracy']:.4f} ({top['name']}) for {shown}")
    yield (
        f"pets37, {answer['protocol']}, {answer['photos']} photos, one seed: `enxerto train --views 8 --finetune`. "
        f"Fine-tuned networks don't mirror. Best: {'; '.join(best)}. Seconds are from the start of the command until "
        "that way was through all rounds."
    )
    header = ("backbone", "way", "accuracy", "log loss", "gain over the probe", "kept", "seconds")
    yield table(header, rows)
