"""Data sets in the true layout of their archives, with a few photos of noise, oddities included; catalog entries."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from enxerto.data.catalog import DATASETS, Archive, Dataset

PETS = ("Abyssinian", "great_pyrenees", "beagle")
DAMAGED = b"\xff\xd8\xff\xe0 no photo"


def jpeg(seed: int, color: int = 0) -> bytes:
    """A JPEG of noise, 24 x 24, in which one of three colors is strong."""
    levels = np.random.default_rng(seed).integers(0, 120, (24, 24, 3), dtype=np.uint8)
    levels[..., color] += 120
    return _image(levels, "JPEG")


def pets(photos: int = 4) -> dict[str, bytes]:
    """Both archives: three breeds, half of the photos on each side; damaged ones, a PNG named .jpg, litter, .mat."""
    images: dict[str, bytes] = {"images/": b""}
    sides: dict[str, list[str]] = {"trainval": ["# photo class species breed"], "test": []}
    for index, breed in enumerate(PETS):
        for number in range(1, photos + 1):
            images[f"images/{breed}_{number}.jpg"] = jpeg(100 * index + number, index)
            sides["trainval" if number <= photos // 2 else "test"].append(f"{breed}_{number} {index + 1} 1 1")
    images["images/beagle_116.jpg"] = DAMAGED
    sides["trainval"].append("beagle_116 3 2 1")
    levels = np.random.default_rng(9).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    images["images/Abyssinian_5.jpg"] = _image(levels, "PNG")  # on neither side
    images |= {"images/._beagle_1.jpg": b"resource fork", "images/Abyssinian_100.mat": b"MATLAB 5.0"}
    annotations = {f"annotations/{name}.txt": "\n".join(lines).encode() + b"\n" for name, lines in sides.items()}
    annotations |= {"annotations/README": b"see the paper", "annotations/._trimaps": b"fork"}
    annotations["annotations/trimaps/beagle_1.png"] = _image(levels[..., 0], "PNG")
    return {"images.tar.gz": targz(images), "annotations.tar.gz": targz(annotations)}


def cats_dogs() -> dict[str, bytes]:
    """The zip: the two files that can't be read, and what Windows leaves behind."""
    files = {f"PetImages/{label}/{number}.jpg": jpeg(number, color)
             for color, label in enumerate(("Cat", "Dog")) for number in range(3)}  # fmt: skip
    files |= {"PetImages/Cat/666.jpg": b"", "PetImages/Dog/11702.jpg": DAMAGED, "PetImages/Cat/Thumbs.db": b"db"}
    return {"kagglecatsanddogs_5340.zip": zipped(files | {"readme[1].txt": b"see Microsoft"})}


def hymenoptera() -> dict[str, bytes]:
    files = {"hymenoptera_data/train/ants/imageNotFound.gif": b"GIF89a"}
    for side in ("train", "val"):
        for color, label in enumerate(("ants", "bees")):
            files |= {f"hymenoptera_data/{side}/{label}/{number}.jpg": jpeg(number, color) for number in range(2)}
    return {"hymenoptera_data.zip": zipped(files)}


def flowers() -> dict[str, bytes]:
    """Six photos of two flowers, and both tables."""
    images = {f"jpg/image_{number:05d}.jpg": jpeg(number, number % 2) for number in range(1, 7)}
    tables = []
    for content in (
        {"labels": np.array([[77, 1, 77, 1, 77, 1]], dtype=np.uint8)},
        {"trnid": np.array([[1, 2]]), "valid": np.array([[3, 4]]), "tstid": np.array([[5, 6]])},
    ):
        tables.append(io.BytesIO())
        savemat(tables[-1], content)
    labels, sides = (table.getvalue() for table in tables)
    return {"102flowers.tgz": targz(images), "imagelabels.mat": labels, "setid.mat": sides}


def food() -> dict[str, bytes]:
    files = {f"food-101/images/{label}/{number}.jpg": jpeg(number, color)
             for color, label in enumerate(("apple_pie", "waffles")) for number in range(10, 12)}  # fmt: skip
    files |= {f"food-101/meta/{side}.txt": f"apple_pie/{number}\nwaffles/{number}\n".encode()
              for side, number in (("train", 10), ("test", 11))}  # fmt: skip
    return {"food-101.tar.gz": targz(files)}


def caltech() -> dict[str, bytes]:
    """A tar within the zip, and a folder that is no class."""
    labels = ("ant", "BACKGROUND_Google", "wrench")
    inner = {f"101_ObjectCategories/{label}/image_{number:04d}.jpg": jpeg(number, color)
             for color, label in enumerate(labels) for number in range(1, 3)}  # fmt: skip
    files = {"caltech-101/101_ObjectCategories.tar.gz": targz(inner), "caltech-101/Annotations.tar": b"not opened"}
    return {"caltech-101.zip": zipped(files | {"__MACOSX/caltech-101/._Annotations.tar": b"fork"})}


def eurosat() -> dict[str, bytes]:
    files = {f"EuroSAT_RGB/{label}/{label}_{number}.jpg": jpeg(number, color)
             for color, label in enumerate(("Forest", "River")) for number in range(1, 3)}  # fmt: skip
    return {"EuroSAT_RGB.zip": zipped(files)}


MAKERS = {
    "cats-dogs": cats_dogs, "pets": pets, "hymenoptera": hymenoptera, "flowers102": flowers, "food101": food,
    "caltech101": caltech, "eurosat": eurosat,
}  # fmt: skip


def entry(name: str, archives: Mapping[str, bytes]) -> Dataset:
    """The catalog's entry with sizes and checksums of small archives, and addresses that lead nowhere."""
    return replace(
        DATASETS[name],
        archives=tuple(
            Archive(file, f"http://127.0.0.1:9/{file}", len(body), f"sha256:{hashlib.sha256(body).hexdigest()}")
            for file, body in archives.items()
        ),
    )


def mirror_folder(name: str, archives: Mapping[str, bytes], folder: Path) -> Path:
    """Lay archives out as a mirror."""
    (folder / name).mkdir(parents=True)
    for file, body in archives.items():
        (folder / name / file).write_bytes(body)
    return folder


def targz(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz of files by name; a name that ends in `/` is a folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return packed.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def _image(levels: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, kind)
    return stream.getvalue()
