"""The lab of pets: where its photos come from, and how backbones are ranked."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_up_reports as made_up
import numpy as np
import pytest
from tiny_archives import PETS, entry, jpeg, mirror_folder, pets

from enxerto.data import list_photos
from enxerto.data.catalog import DATASETS
from enxerto.errors import DataError, OptionError, UnknownNameError, WeightsMissingError
from enxerto.jobs import Trained, lab_pets
from enxerto.jobs.lab import lab
from enxerto.jobs.lab.photos import lab_licence, lab_listing
from enxerto.jobs.lab.ranking import Measured, ranked
from enxerto.jobs.labelled import Judged
from enxerto.progress import silent
from enxerto.report import lab_from_json


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The archives, unpacked by hand."""
    for body in pets().values():
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            archive.extractall(tmp_path / "by hand", filter="data")
    return tmp_path / "by hand"


def _listing(data: Path, target: Path, mirror: str | None = None) -> Path:
    return lab_listing(data, target, mirror=mirror, offline=True, progress=silent)


def test_photos_of_the_archives_unpacked_by_hand(unpacked: Path, tmp_path: Path) -> None:
    listing = _listing(unpacked, tmp_path / "out/lab")
    assert listing == tmp_path / "out/lab/photos.csv"
    photos = list_photos(listing)
    assert (photos.classes, len(photos)) == (tuple(sorted(PETS)), 13)
    assert photos.photos[0].name == "../../by hand/images/Abyssinian_1.jpg"
    assert all(photo.path.is_file() for photo in photos.photos)
    assert {photo.split for photo in photos.photos} == {"train", "test"}
    assert lab_licence(listing) == ""


def test_photos_without_annotations_have_no_split(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    for breed in PETS:
        (tmp_path / "few" / f"{breed}_1.jpg").write_bytes(jpeg(1))
    photos = list_photos(_listing(tmp_path / "few", tmp_path / "lab")).photos
    assert [(photo.label, photo.split) for photo in photos] == [(breed, None) for breed in sorted(PETS)]


def test_a_list_of_photos_is_taken_as_it_is(tmp_path: Path) -> None:
    listing = tmp_path / "some.csv"
    listing.write_text("path,label\na.jpg,cat\n")
    assert _listing(listing, tmp_path / "lab") == listing
    (tmp_path / "some.zip").write_bytes(b"")
    with pytest.raises(OptionError, match="some.zip is no folder; expected a folder of pets or a CSV file"):
        _listing(tmp_path / "some.zip", tmp_path / "lab")


def test_a_folder_without_pets(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/read me.txt").write_text("")
    with pytest.raises(DataError, match="has neither annotations/ nor photos named like great_pyrenees_12.jpg"):
        _listing(tmp_path / "notes", tmp_path / "lab")


def test_photos_that_are_not_there_yet_are_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archives = pets()
    monkeypatch.setitem(DATASETS, "pets", entry("pets", archives))
    mirror = str(mirror_folder("pets", archives, tmp_path / "mirror"))
    listing = _listing(tmp_path / "pets", tmp_path / "lab", mirror)
    assert listing == tmp_path / "pets/photos.csv"
    assert _listing(tmp_path / "pets", tmp_path / "lab") == listing
    assert lab_licence(listing).startswith("Oxford-IIIT Pets, CC BY-SA 4.0;")


def _measured(name: str, right: list[int], loss: float = 0.5, names: str = "abcdefgh") -> Measured:
    contents = made_up.two_classes()
    judged = Judged(tuple(names), np.array(right, dtype=bool), np.arange(len(right)))
    worse = replace(contents.evaluation.log_loss, value=loss)
    return Measured(
        replace(contents, backbone=replace(contents.backbone, name=name),
                evaluation=replace(contents.evaluation, log_loss=worse)), judged, f"models/{name}",
    )  # fmt: skip


def test_backbones_are_ranked_and_compared_photo_by_photo() -> None:
    found = ranked([
        _measured("worst", [0, 0, 0, 0, 0, 0, 1, 1]),
        _measured("twin", [1, 1, 1, 1, 1, 1, 1, 0], 0.6),
        _measured("best", [0, 1, 1, 1, 1, 1, 1, 1], 0.4),
    ])  # fmt: skip
    assert [each.name for each in found] == ["best", "twin", "worst"]
    assert found[0].behind is None
    assert found[1].behind is not None
    assert found[1].behind.value == 0
    assert found[1].behind.low < 0 < found[1].behind.high
    assert found[2].behind is not None
    assert found[2].behind.value == pytest.approx(-5 / 8)
    assert found[2].behind.high < 0
    assert found[0].seconds == pytest.approx(sum(seconds for _, seconds in made_up.two_classes().seconds))


def test_other_photos_are_not_compared() -> None:
    with pytest.raises(DataError, match="the photos have changed while backbones were compared"):
        ranked([_measured("one", [1] * 8), _measured("other", [1] * 8, names="abcdefgx")])


def test_nothing_measured_is_nothing_to_rank() -> None:
    nothing: Any = None
    with pytest.raises(DataError, match="nothing could be measured: .*; give more photos of each breed"):
        Measured.of(Trained(nothing, made_up.unmeasured(), "", None), "models/x")


def test_a_lab_from_the_archives_to_the_page(tmp_path: Path, unpacked: Path, warm_home: Path) -> None:
    ended = lab_pets(
        tmp_path / "lab", data=unpacked, backbones=["efficientnet_lite0", "resnet18", "lite0"], precision="fp32",
        device="openvino", offline=True,
    )  # fmt: skip
    contents = ended.contents
    assert (contents.protocol, contents.classes, contents.evaluated) == ("the given test split", 3, 6)
    assert (contents.readable, contents.listed) == (12, 13)
    (only,) = contents.entries
    assert (only.name, only.behind, only.model) == ("efficientnet_lite0", None, "models/efficientnet_lite0")
    assert only.accuracy.value == 1.0  # a color for each breed
    ((name, why),) = contents.left_out
    assert (name, why[:36]) == ("resnet18", "the weights of resnet18 are not on t")
    assert lab_from_json((tmp_path / "lab/lab.json").read_bytes()) == contents
    assert "Left out" in ended.page.read_text()
    assert (tmp_path / "lab/models/efficientnet_lite0/report.html").is_file()
    with pytest.raises(OptionError, match=r"there is .*lab.html already; pass --force to replace it"):
        lab_pets(tmp_path / "lab", data=unpacked)
    ended.page.unlink()
    (tmp_path / "lab/lab.json").unlink()
    with pytest.raises(OptionError, match="there is a model at .*efficientnet_lite0 already"):
        lab_pets(tmp_path / "lab", data=unpacked, backbones=["lite0"])


def test_no_weights_at_all(tmp_path: Path, unpacked: Path) -> None:
    with pytest.raises(
        WeightsMissingError, match="weights of resnet18 are not on this machine.*; the weights of vgg16"
    ):
        lab_pets(tmp_path / "lab", data=unpacked, backbones=["resnet18", "vgg16"], offline=True)
    with pytest.raises(UnknownNameError, match="unknown backbone 'resnet81'; did you mean"):
        lab_pets(tmp_path / "lab", data=unpacked, backbones=["resnet81"])


def test_backbones_that_are_installed_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "is_present", lambda entry: entry.name in ("efficientnet_lite0", "squeezenet1_1"))
    assert lab._present() == ["efficientnet_lite0", "squeezenet1_1"]
    monkeypatch.setattr(lab, "is_present", lambda _: False)
    assert lab._present() == ["efficientnet_lite0"]


def test_models_lie_in_folders_that_every_system_can_have(
    tmp_path: Path, unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def train(_listing: Path, model: Path, **_: object) -> Trained:
        asked.append(model.relative_to(tmp_path).as_posix())
        raise WeightsMissingError("not here")

    monkeypatch.setattr(lab, "train", train)
    with pytest.raises(WeightsMissingError, match="not here; not here"):
        lab_pets(tmp_path / "lab", data=unpacked, backbones=["keras:VGG16", "vgg16"])
    assert asked == ["lab/models/keras-VGG16", "lab/models/vgg16"]
