from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_engines import write_photo
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import DataError, IntegrityError, OptionError, PhotoError, UnknownNameError
from enxerto.jobs import SeenFeatures, feature_maps
from enxerto.report import feature_maps_from_json


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), imagenet_classes())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "cat.png", 1, 40)


def see(classifier: Classifier, photos: Any, *more: Any, **options: Any) -> SeenFeatures:
    return feature_maps(photos, *more, model=classifier, **({"layers": ["act1", "layer4"]} | options))


def test_everything_is_written_to_one_directory(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    seen = see(classifier, photo, tmp_path / "out", svg=True)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "01-act1.png", "01-act1.svg", "02-layer4.png", "02-layer4.svg", "filters.png", "features.npz", "features.json",
        "features.html", "checksums.json",
    }  # fmt: skip
    contents = seen.contents
    assert feature_maps_from_json((tmp_path / "out/features.json").read_bytes()) == contents
    with np.load(tmp_path / "out/features.npz") as arrays:
        assert arrays["layer4"].shape == (1, 96, 5, 5)
        assert np.array_equal(arrays["act1"], seen.maps.layers[0].activations.maps)
    for name in ("01-act1.png", "filters.png"):
        with Image.open(tmp_path / "out" / name) as picture:
            picture.load()
    assert "layer4" in (tmp_path / "out/features.html").read_text()


def test_the_record_says_what_was_seen(classifier: Classifier, photo: Path) -> None:
    seen = see(classifier, photo, class_name="tabby", rank="activation", scale="layer")
    contents = seen.contents
    assert (contents.title, contents.target, contents.asked, contents.own_head) == ("cat.png", "tabby", True, False)
    assert contents.command == f"enxerto features {photo}"
    assert (contents.photos[0].width, contents.photos[0].height, len(contents.photos[0].best)) == (40, 40, 5)
    assert contents.photos[0].probability == pytest.approx(seen.maps.probabilities[0, 281])
    last = contents.layers[1]
    assert (last.name, last.kind, last.shape, last.file) == ("layer4", "BasicBlock", "96 × 5 × 5", "02-layer4.png")
    assert (last.activation, last.change, len(last.channels)) == ("ReLU", None, 96)
    strengths = [channel.strengths[0] for channel in last.channels if not channel.dead[0]]
    assert strengths == sorted(strengths, reverse=True)
    assert last.dead == (sum(channel.dead[0] for channel in last.channels),)
    assert (contents.filters, contents.filter_count) == ("conv1.0", 16)


def test_the_photo_is_looked_at_as_when_it_is_classified(classifier: Classifier, photo: Path) -> None:
    contents = see(replace(classifier, device="torch"), photo).contents
    (prediction,) = replace(classifier, device="torch").predict(photo)
    assert contents.photos[0].best[0][0] == prediction.label
    assert contents.photos[0].best[0][1] == pytest.approx(prediction.probability, abs=1e-5)


def test_two_photos_are_compared(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    twin = write_photo(tmp_path / "twin.png", 2, 40)
    contents = see(classifier, [photo, twin], rank="difference").contents
    assert (contents.source, contents.title) == (f"{photo} and {twin}", "cat.png and twin.png")
    assert [each.name for each in contents.photos] == ["cat.png", "twin.png"]
    last = contents.layers[1]
    assert last.change is not None
    assert last.change > 0
    changes = [channel.change or 0.0 for channel in last.channels if not all(channel.dead)]
    assert changes == sorted(changes, reverse=True)
    assert len(last.dead) == len(last.channels[0].effects) == 2


def test_the_same_photo_gives_the_same_page(
    classifier: Classifier, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    one, two = (see(classifier, photo, layers=["layer4"], svg=True).files for _ in range(2))
    assert {name: one[name] for name in one if isinstance(one[name], bytes)} == {
        name: two[name] for name in two if isinstance(two[name], bytes)
    }


def test_progress_counts_layers(classifier: Classifier, photo: Path) -> None:
    from contextlib import contextmanager

    told: list[Any] = []

    @contextmanager
    def progress(description: str, total: int, unit: str = "photos") -> Any:
        told.append((description, total, unit))
        yield lambda count, _note="": told.append(count)

    see(classifier, photo, progress=progress)
    assert told == [("drawing", 2, "layers"), 1, 1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"rank": "size"}, OptionError, "`rank` must be one of effect, activation, difference, got 'size'"),
        ({"scale": "all"}, OptionError, "`scale` must be one of channel, layer, got 'all'"),
        ({"rank": "difference"}, OptionError, "only where there are two photos"),
        ({"layers": ["layer44"]}, UnknownNameError, "unknown layer 'layer44'; did you mean layer4"),
        ({"class_name": "tabbi"}, UnknownNameError, "unknown class 'tabbi'; did you mean tabby"),
        ({"class_name": "1000"}, OptionError, "class 1000 is beyond the last one"),
        ({"model": "nowhere"}, OptionError, "there is no model at nowhere"),
        ({"model": None, "backbone": "vgg61"}, UnknownNameError, "unknown backbone 'vgg61'; did you mean .*vgg16"),
        ({"model": None, "backbone": "vgg16", "layers": ["features.92"]}, UnknownNameError, "did you mean features.9"),
        ({"model": None, "backbone": "vit_base_patch16_224.dino"}, OptionError, "classes of its own"),
    ],
)
def test_what_is_impossible_is_said(
    options: dict[str, Any], error: type[Exception], message: str, classifier: Classifier, photo: Path
) -> None:
    with pytest.raises(error, match=message):
        feature_maps(photo, **({"model": classifier} | options))


def test_photos_that_can_not_be_read_or_compared(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"gone.png: no such file \(vanished\)"):
        see(classifier, tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PhotoError, match=r"text.png: .*\(not-an-image\)"):
        see(classifier, tmp_path / "text.png")
    larger = write_photo(tmp_path / "larger.png", 2, 50)
    with pytest.raises(DataError, match=r"same size, got .*cat.png of 40 x 40 and .*larger.png of 50 x 50 pixels"):
        see(classifier, [photo, larger])
    with pytest.raises(OptionError, match="one photo, or two to compare them; got 3"):
        see(classifier, [photo, photo, photo])


def test_the_output_is_looked_at_before_any_work(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(OptionError, match="something that is no directory of feature maps at .*out"):
        feature_maps(photo, tmp_path / "out", backbone="nowhere", force=True)


def test_a_broken_model_is_refused(model: Path, photo: Path) -> None:
    (model / "model.json").write_text("{}")
    with pytest.raises(IntegrityError, match="model.json"):
        feature_maps(photo, model=model)


@pytest.mark.usefixtures("warm_home")
def test_a_saved_model(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    contents = feature_maps(faces / "face/face_000.png", model=shared_model, layers=["blocks.6"]).contents
    assert (contents.own_head, contents.asked) == (True, False)
    assert {label for label, _ in contents.photos[0].best} == {"face", "other"}
    assert contents.target == contents.photos[0].best[0][0] == "face"
