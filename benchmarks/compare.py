"""Choosing a backbone: seconds of a comparison, and whether what it chooses is right on photos that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import PETS, table

SPLITS = 10


def compare(photos: Path, _repeats: int) -> Iterator[str]:
    """Six backbones on 400 photos, cold and warm; and the choice on ten random splits."""
    yield "## Comparing backbones"
    answer = run("our_comparison", photos / "cats-dogs")
    yield (
        f"`enxerto compare --no-transfer` of {', '.join(answer['backbones'])} on {answer['photos']} photos of "
        f"cats-dogs, networks converted before: {answer['cold_seconds']:.1f} s with features and speeds cold, "
        f"{answer['warm_seconds']:.1f} s warm. Without that option, which also trains a small network from scratch and "
        f"tries layers, {answer['whole_seconds']:.1f} s, of which the first part was warm. All with start-up."
    )
    rows = []
    for name, options in (("cats-dogs", {}), ("ants-bees", {}), ("pets37", PETS)):
        found = run("our_choice", photos / name, SPLITS=str(SPLITS), **options)
        rows.append((
            name, f"{found['photos']}", ", ".join(f"{each} ({times})" for each, times in found["chosen"].items()),
            f"{found['right']} of {SPLITS}", f"{found['same']} of {SPLITS}", f"{found['largest_loss']:.1%}",
            f"{found['rank_correlation']:.2f}",
        ))  # fmt: skip
    yield table(
        (
            "photos", "of them in each half", "fastest within noise of the best", "not worse beyond noise, held out",
            "the same choice, held out", "largest loss of accuracy, held out", "rank correlation of the sample's score",
        ),
        rows,
    )  # fmt: skip
    yield (
        "Each random split chooses on one half by cross-validation and is judged on the other: right is a choice that "
        "is not worse than that half's best beyond noise; the same is the choice that the other half would make "
        "itself. The rank correlation is Spearman's, between LogME on a sample and accuracy on all photos, over all "
        "backbones, random weights among them."
    )
