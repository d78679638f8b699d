"""Peak memory of extraction: it should not grow with the number of photos."""

from __future__ import annotations

import os
import resource
import tempfile
from itertools import cycle, islice
from pathlib import Path

from benchmarks.child import report
from enxerto.backbones import open_backbone
from enxerto.data import list_photos
from enxerto.engines import open_engine
from enxerto.features import extract, open_store


def main(photos: Path) -> dict[str, float]:
    """Peak resident memory in MB after extracting `COUNT` photos, each with a content of its own."""
    count = int(os.environ["COUNT"])
    engine = open_engine(open_backbone(), precision=os.environ.get("PRECISION", "fp32"))
    with tempfile.TemporaryDirectory() as folder:
        write_distinct(sorted(photos.rglob("*.jpg"))[:300], count, Path(folder))
        listed = list_photos(Path(folder))
        with open_store(engine) as store:
            table = extract(listed, engine, store)
    assert table.computed == count
    return {"count": count, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def write_distinct(sources: list[Path], count: int, folder: Path) -> None:
    """Copies with a comment of their own behind the JPEG signature: the same picture, another content."""
    for number, source in enumerate(islice(cycle(sources), count)):
        comment = f"{number}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        content = source.read_bytes()
        target = folder / f"class{number % 2}" / f"{number:05}.jpg"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content[:2] + segment + content[2:])


if __name__ == "__main__":
    report(main)
