"""Features of Keras's networks: ours against Keras's own `model.predict`, both in one run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.child import run
from benchmarks.page import rate, table, times

NETWORKS = ("keras:MobileNetV2.notop", "keras:ResNet50.notop", "keras:VGG16.notop")


def keras_networks(photos: Path, repeats: int) -> Iterator[str]:
    """Photos a second and agreement."""
    yield "## Keras's networks"
    rows = []
    for name in NETWORKS:
        measured = [run("our_keras", photos / "cats-dogs", BACKBONE=name) for _ in range(repeats)]
        rows.append((
            name, rate(measured, "ours"), rate(measured, "predict"),
            times([each["ours"] / each["predict"] for each in measured]),
            f"{min(each['smallest_cosine'] for each in measured):.7f}",
        ))  # fmt: skip
    yield (
        f"Features of {measured[0]['photos']} photos of cats-dogs that are decoded, with seeded random weights, as "
        f"neither rate nor agreement depends on them; fp32, median of {repeats}. Ours runs on {measured[0]['engine']}; "
        f"Keras {measured[0]['keras']} runs `model.predict` on its torch backend in batches of 32, with the same "
        "weights and `preprocess_input` done before. Each side has every processor, one after the other; conversion "
        "and a first call are not counted."
    )
    yield table(("network", "ours", "model.predict", "ratio", "smallest cosine"), rows)
