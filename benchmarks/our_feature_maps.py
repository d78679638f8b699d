"""Feature maps of VGG-16's 13 convolutions, drawn and written as `enxerto features` does once the network is loaded."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.child import report
from enxerto.backbones import Backbone, find
from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.jobs.seeing.feature_maps import feature_maps

ARCHITECTURE = "vgg16"


def main(photos: Path) -> dict[str, Any]:
    """Seconds of two rounds, by stage; each writes everything."""
    backbone = Backbone(find(ARCHITECTURE), "", dict).randomized()  # its true size, whatever the weights
    classifier = Classifier(backbone, imagenet_classes())
    assert classifier.network is not None  # loaded
    photo = next(photos.glob("*.*"))
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            start = time.perf_counter()
            seen = feature_maps(photo, Path(folder) / str(number), model=classifier)
            rounds.append({"seconds": time.perf_counter() - start, "stages": dict(seen.contents.seconds)})
        written = [file.stat().st_size for file in (Path(folder) / "1").iterdir() if file.is_file()]
    return {
        "rounds": rounds,
        "layers": len(seen.maps.layers),
        "channels": sum(layer.layer.channels for layer in seen.maps.layers),
        "files": len(written),
        "megabytes": sum(written) / 1e6,
    }


if __name__ == "__main__":
    report(main)
