from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from enxerto.classifier import Classifier
from enxerto.errors import DataError, OptionError, UnknownNameError
from enxerto.jobs import Explained, evaluate, explain

pytestmark = pytest.mark.usefixtures("warm_home")

QUICK = {"methods": ["gradcam"], "device": "openvino"}


def ask(photos: Any, **options: Any) -> Explained:
    return explain(photos, **(QUICK | {"checks": False} | options))


@pytest.fixture
def photo(faces: Path, tmp_path: Path) -> Path:
    """A photo twice as wide as high that the shared model has learned from, so that part of it is not seen."""
    return Path(shutil.copy(faces / "face" / "face_003.png", tmp_path / "wide.png"))


def test_a_photo_learned_from_is_its_own_nearest_neighbor(shared_model: Path, photo: Path, tmp_path: Path) -> None:
    explained = ask(photo, output=tmp_path / "out", model=shared_model, checks=True)
    (found,) = explained.explanations
    assert (found.name, found.label, found.target) == (str(photo), "face", "face")
    assert found.probability == found.target_probability > 0.5
    assert found.neighbors[0].name == "face/face_003.png"
    assert found.neighbors[0].similarity == pytest.approx(1, abs=1e-3)
    assert [each.label for each in found.neighbors].count("face") >= 2
    assert found.attributions[0].values.shape == (224, 224)
    assert found.attributions[0].faithfulness is not None
    assert explained.contents.methods[0].sanity is not None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "explanation.html", "explanation.json", "wide-gradcam.jpg",
    ]  # fmt: skip
    with Image.open(tmp_path / "out" / "wide-gradcam.jpg") as drawn, Image.open(photo) as original:
        assert drawn.size == original.size
    record = json.loads((tmp_path / "out" / "explanation.json").read_bytes())
    assert record["contents"]["photos"][0]["neighbors"][0]["name"] == "face/face_003.png"
    assert explained.html == (tmp_path / "out" / "explanation.html").read_text()
    assert explained.html.count("data:image/webp") == 2 + 3


def test_the_class_asked_for_is_explained_and_the_prediction_stays(shared_model: Path, photo: Path) -> None:
    by_name, by_index = (ask(photo, model=shared_model, target=each, neighbors=0) for each in ("Other", "1"))
    (found,) = by_name.explanations
    assert (found.label, found.target) == ("face", "other")
    assert found.target_probability == pytest.approx(1 - found.probability)
    np.testing.assert_array_equal(found.attributions[0].values, by_index.explanations[0].attributions[0].values)
    assert found.neighbors == ()


def test_photos_that_can_t_be_read_are_named_and_the_others_explained(
    shared_model: Path, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    contents = ask([broken, photo], model=shared_model, neighbors=0).contents
    assert len(contents.photos) == 1
    ((name, why),) = contents.problems
    assert (name, "truncated" in why or "unreadable" in why) == (str(broken), True)
    with pytest.raises(DataError, match=r"none of the 1 photos can be read: .*broken.png"):
        ask(broken, model=shared_model)


def test_where_training_photos_are_gone_a_note_says_so(model: Path, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    explained = ask(photo, model=model, learned_from=tmp_path / "empty")
    assert explained.explanations[0].neighbors == ()
    assert "The training photos are not in" in explained.contents.notes[0]
    changed = tmp_path / "changed" / "face"
    changed.mkdir(parents=True)
    with Image.open(photo) as original:
        ImageOps.mirror(original).save(changed / "face_003.png")
    explained = ask(photo, model=model, learned_from=tmp_path / "changed")
    assert "is as it was when the model learned from it" in explained.contents.notes[0]


def test_an_open_classifier_needs_no_directory_and_has_no_neighbors(shared_model: Path, photo: Path) -> None:
    classifier = Classifier.load(shared_model, device="openvino")
    explained = ask(photo, model=classifier)
    assert explained.explanations[0].neighbors == ()
    assert explained.contents.notes == ()
    assert explained.contents.model == "a classifier on efficientnet_lite0"
    with pytest.raises(OptionError, match="`learned_from` belongs to a saved model"):
        ask(photo, model=classifier, learned_from=photo.parent)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "fase"}, UnknownNameError, "unknown class 'fase'; did you mean face"),
        ({"target": "2"}, OptionError, "class 2 is beyond the last one"),
        ({"methods": ["gradcan"]}, UnknownNameError, "unknown method 'gradcan'"),
        ({"model": None, "backbone": "efficientnet_lite9"}, UnknownNameError, "unknown backbone"),
    ],
)
def test_wrong_names_are_told_before_any_work(
    options: dict[str, Any], error: type[Exception], message: str, shared_model: Path, photo: Path
) -> None:
    with pytest.raises(error, match=message):
        ask(photo, **({"model": shared_model} | options))


def test_places_that_can_t_take_explanations(shared_model: Path, photo: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is a model's directory"):
        ask(photo, output=shared_model, model=shared_model)
    with pytest.raises(OptionError, match="is a file; give a folder"):
        ask(photo, output=photo, model=shared_model)
    ask(photo, output=tmp_path / "out", model=shared_model, neighbors=0)
    with pytest.raises(OptionError, match="explanation.html already; pass --force to replace it"):
        ask(photo, output=tmp_path / "out", model=shared_model)
    ask(photo, output=tmp_path / "out", model=shared_model, neighbors=0, force=True)


def test_the_report_shows_where_mistakes_came_from(shared_model: Path, faces: Path, tmp_path: Path) -> None:
    for label, other in (("face", "other"), ("other", "face")):
        (tmp_path / "swapped" / label).mkdir(parents=True)
        for number in range(2):
            with Image.open(faces / other / f"{other}_{number:03d}.png") as original:
                ImageOps.mirror(original).save(tmp_path / "swapped" / label / f"{number}.png")
    evaluated = evaluate(shared_model, tmp_path / "swapped", device="openvino")
    wrong = len(evaluated.evaluation.mistakes)
    assert wrong >= 3
    assert evaluated.html.count("In color: what speaks for") == wrong
    assert "by Grad-CAM" in evaluated.html
