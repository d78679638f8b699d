from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from enxerto import features
from enxerto.backbones import to_pixels
from enxerto.classifier import Classifier, classifier
from enxerto.data import Limits, PhotoSet, cat_photo, list_unlabeled
from enxerto.errors import BoundsError, DataError, OptionError, UnknownNameError
from enxerto.heads.calibration import softmax
from enxerto.progress import Advance
from enxerto.types import Images


@pytest.fixture
def loaded(warm_home: Path, shared_model: Path) -> Classifier:
    assert warm_home.is_dir()
    return Classifier.load(shared_model)


@pytest.fixture
def mixed(faces: Path, tmp_path: Path) -> Path:
    """Two faces, one of them twice, one other; a text, a cut photo and a link that leads nowhere."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, source in {"a": "face/face_010", "b": "face/face_011", "copy_of_a": "face/face_010"}.items():
        shutil.copy(faces / f"{source}.png", folder / f"{name}.png")
    shutil.copy(faces / "other" / "other_020.png", folder / "z.png")
    (folder / "cut.png").write_bytes((folder / "a.png").read_bytes()[:300])
    (folder / "text.jpg").write_text("no photo")
    (folder / "dangling.png").symlink_to("nowhere.png")
    return folder


def images(faces: Path, side: int, count: int = 2) -> Images:
    paths = sorted(faces.rglob("*.png"))[:: 200 // count][:count]
    return np.stack([np.array(Image.open(path).convert("RGB").resize((side, side))) for path in paths])


def test_most_of_the_photos_learned_from_are_recognized(loaded: Classifier, faces: Path) -> None:
    photos = list_unlabeled([faces]).subset(range(0, 200, 10))
    right = [prediction.label == prediction.name.split("/")[0] for prediction in loaded.predict(photos)]
    assert sum(right) >= 18


def test_readable_unreadable_and_duplicate_photos(loaded: Classifier, mixed: Path) -> None:
    predictions = {prediction.name: prediction for prediction in loaded.predict(mixed)}
    assert list(predictions) == ["a.png", "b.png", "copy_of_a.png", "cut.png", "dangling.png", "text.jpg", "z.png"]
    first, copy = predictions["a.png"], predictions["copy_of_a.png"]
    assert copy.probabilities == pytest.approx(first.probabilities, abs=1e-12)
    assert first.label == loaded.classes[int(np.argmax(first.probabilities))]
    assert first.probability == max(first.probabilities)
    assert sum(first.probabilities) == pytest.approx(1.0)
    assert set(first.prediction_set) <= set(loaded.classes)
    assert first.problem is None
    for name, code in {"cut.png": "truncated", "text.jpg": "not-an-image", "dangling.png": "dangling-link"}.items():
        bad = predictions[name]
        assert (bad.label, bad.probability, bad.probabilities, bad.prediction_set) == (None, 0.0, (), ())
        assert bad.problem is not None
        assert bad.problem.endswith(f"({code})")


def test_only_unreadable_photos(loaded: Classifier, mixed: Path) -> None:
    (prediction,) = loaded.predict([mixed / "text.jpg"])
    assert prediction.label is None
    with pytest.raises(DataError, match="doesn't exist; give photos"):
        loaded.predict(mixed / "gone.png")


def test_limits_are_obeyed(loaded: Classifier, mixed: Path) -> None:
    (prediction,) = loaded.predict(mixed / "a.png", limits=Limits(pixels=100))
    assert prediction.problem == "25 x 25 pixels, allowed are 100 in all (bomb)"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_blocks_change_nothing_and_are_read_when_they_are_needed(
    loaded: Classifier, mixed: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    expected = loaded.predict(mixed)
    seen: list[int] = []
    extract = features.extract

    def watched(block: PhotoSet, *given: object, **options: object) -> object:
        seen.append(len(block))
        return extract(block, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(classifier, "extract", watched)
    monkeypatch.setattr(classifier, "PHOTOS_A_BLOCK", size)
    counts: list[object] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Advance]:
        counts.append((description, total))
        yield counts.append

    stream = loaded.stream(mixed, progress=progress)
    assert seen == []
    first = next(stream)
    assert seen == [min(size, 7)]
    for one, other in zip([first, *stream], expected, strict=True):
        assert (one.name, one.label, one.prediction_set) == (other.name, other.label, other.prediction_set)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-12)  # a product of another size
    assert max(seen) <= size
    assert sum(seen) == 7
    assert counts == [("predicting", 7), *seen]


def test_predictions_leave_nothing_in_the_cache(loaded: Classifier, mixed: Path, warm_home: Path) -> None:
    loaded.predict(mixed)
    assert not list((warm_home / "features").glob("*"))


def test_logits_of_pixels_are_those_of_predictions(loaded: Classifier, faces: Path) -> None:
    batch = images(faces, loaded.preprocessing.size_px)
    logits = loaded(to_pixels(batch))
    assert logits.shape == (2, 2)
    np.testing.assert_allclose(loaded(batch), logits, atol=1e-3)
    assert loaded.probe is not None
    decided = loaded.decide(loaded.engine.features(batch))
    np.testing.assert_allclose(softmax(loaded(batch)), decided.probabilities, atol=1e-6)


def test_a_tensor_can_be_differentiated_and_the_network_stays_frozen(loaded: Classifier, faces: Path) -> None:
    pixels = torch.from_numpy(to_pixels(images(faces, loaded.preprocessing.size_px))).requires_grad_()
    logits = loaded(pixels)
    np.testing.assert_allclose(logits.detach().numpy(), loaded(pixels.detach().numpy()), atol=2e-3)
    logits[:, 0].sum().backward()
    assert pixels.grad is not None
    assert pixels.grad.shape == pixels.shape
    assert float(pixels.grad.abs().amax(dim=(1, 2, 3)).min()) > 0
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in loaded.network.parameters())
    assert not loaded.network.training


@pytest.mark.parametrize(("low", "high"), [(-2.12, 2.64), (0.0, 1.001), (-0.001, 1.0), (0.0, float("nan"))])
def test_pixels_out_of_bounds_are_refused(loaded: Classifier, low: float, high: float) -> None:
    side = loaded.preprocessing.size_px
    pixels = np.full((1, 3, side, side), 0.5, dtype=np.float32)
    pixels[0, 0, 0, 0], pixels[0, 2, 3, 4] = low, high
    with pytest.raises(BoundsError, match=r"`pixels` must lie in \[0, 1\], got min .*; pass pixels before normaliz"):
        loaded(pixels)
    assert loaded.bounds == (0.0, 1.0)


def test_a_batch_of_another_shape_is_refused(loaded: Classifier) -> None:
    with pytest.raises(OptionError, match=r"`batch` must be uint8 \(batch, 224, 224, 3\) or float32"):
        loaded(np.zeros((1, 3, 8, 8), dtype=np.float32))


def test_the_default_backbone_sees_a_cat(tmp_path: Path) -> None:
    network = Classifier.from_backbone(offline=True)
    assert len(network.classes) == 1000
    path = tmp_path / "cat.png"
    Image.fromarray(cat_photo()).save(path)
    (tmp_path / "text.png").write_text("no photo")
    cat, text = network.predict([path, tmp_path / "text.png"])
    assert cat.label is not None
    assert "cat" in cat.label or cat.label in ("tabby", "Egyptian cat", "lynx")
    assert cat.probability > 0.2
    assert len(cat.probabilities) == 1000
    assert (cat.prediction_set, cat.unfamiliar) == ((), False)
    assert text.label is None
    square = network.preprocessing.image(cat_photo())[None]
    np.testing.assert_allclose(softmax(network(square))[0], cat.probabilities, atol=1e-4)
    with pytest.raises(OptionError, match="a backbone with its own classes has no head to decide with"):
        network.decide(np.zeros((1, 1280), dtype=np.float32))


def test_an_unknown_backbone() -> None:
    with pytest.raises(UnknownNameError, match="unknown backbone 'efficientnet_lite00'; did you mean"):
        Classifier.from_backbone("efficientnet_lite00")


def test_a_backbone_of_other_classes_is_refused_before_its_weights_are_sought() -> None:
    with pytest.raises(OptionError, match="has .* classes of its own"):
        Classifier.from_backbone("vit_base_patch16_224.augreg_in21k")
