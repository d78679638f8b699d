from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_canvases import noise
from tiny_networks import tiny_network

from enxerto.classifier import Classifier
from enxerto.errors import DataError, OptionError, PhotoError, UnknownNameError
from enxerto.files import sha256_of
from enxerto.jobs import Fooled, fool, verify_attack
from enxerto.jobs.fooling.output import PAGE, RECORD

CLASSES = tuple(f"class {number}" for number in range(1000))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(tiny_network(), CLASSES, device="torch")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    path = tmp_path_factory.mktemp("photos") / "dog.png"
    Image.fromarray(noise(70, 90)).save(path)
    return path


@pytest.fixture(scope="module")
def ranked(classifier: Classifier, photo: Path) -> list[int]:
    """Classes, the most probable first."""
    (answer,) = classifier.predict(photo)
    return [int(each) for each in np.argsort(answer.probabilities)[::-1]]


@pytest.fixture(scope="module")
def fooled(
    classifier: Classifier, photo: Path, ranked: list[int], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Fooled, Path]:
    output = tmp_path_factory.mktemp("attack") / "out"
    made = fool(
        photo,
        output,
        model=classifier,
        target=CLASSES[ranked[1]],
        confidence=0,
        norm="l2",
        steps=15,
        survive="resize:1.5",
    )
    return made, output


def test_everything_is_written_and_the_file_fools_when_it_is_asked_again(
    fooled: tuple[Fooled, Path], classifier: Classifier, photo: Path, ranked: list[int]
) -> None:
    made, output = fooled
    (card,) = made.contents.photos
    assert made.contents.fooled == 1
    assert {path.name for path in output.iterdir()} == {*made.files, PAGE, RECORD, "checksums.json"}
    assert len(made.files) == 3
    (answer,) = classifier.predict(output / card.file)
    assert answer.label == card.after[0] == CLASSES[ranked[1]]
    assert answer.probability == pytest.approx(card.after[1])
    assert card.before[0] == CLASSES[ranked[0]]
    assert [each.name for each in card.survival] == ["resize:1.5"]
    record = json.loads((output / RECORD).read_text())
    assert (record["format"], record["version"]) == ("enxerto-attack", 1)
    assert record["contents"]["photos"][0]["change"]["pixels"] == card.change.pixels  # type: ignore[union-attr]
    assert (output / PAGE).read_text() == made.html
    with Image.open(output / card.file) as opened, Image.open(photo) as original:
        assert opened.size == original.size
        change = np.abs(np.asarray(opened).astype(int) - np.asarray(original))
    assert card.change is not None
    assert card.change.largest == change.max()
    assert card.change.pixels == (change > 0).any(2).sum()
    top, left, side = classifier.preprocessing.square(70, 90)
    change[top : top + side, left : left + side] = 0
    assert not change.any()


def test_the_photo_is_as_it_was(fooled: tuple[Fooled, Path], photo: Path) -> None:
    with Image.open(photo) as opened:
        assert (np.asarray(opened) == noise(70, 90)).all()
    assert fooled[1].is_dir()


def test_the_file_is_verified_without_its_record(
    fooled: tuple[Fooled, Path], classifier: Classifier, photo: Path, ranked: list[int], tmp_path: Path
) -> None:
    made, output = fooled
    (card,) = made.contents.photos
    moved = tmp_path / "renamed.png"
    moved.write_bytes((output / card.file).read_bytes())
    found = verify_attack(moved, photo, model=classifier, confidence=0)
    assert found.fools is True
    assert found.label == CLASSES[ranked[0]]
    assert found.change == card.change
    assert found.classes[0][0] == CLASSES[ranked[1]]
    alone = verify_attack(moved, model=classifier, confidence=0)
    assert (alone.fools, alone.label, alone.change) == (None, None, None)
    aimed = verify_attack(moved, model=classifier, confidence=0, target=CLASSES[ranked[2]])
    assert aimed.fools is False


def test_a_tampered_file_does_not_pass(
    fooled: tuple[Fooled, Path], classifier: Classifier, photo: Path, tmp_path: Path
) -> None:
    made, output = fooled
    with Image.open(output / made.contents.photos[0].file) as opened:
        pixels = np.asarray(opened).copy()
    pixels[:, 20:70] = noise(70, 90)[:, 20:70]
    Image.fromarray(pixels).save(tmp_path / "tampered.png")
    assert verify_attack(tmp_path / "tampered.png", photo, model=classifier, confidence=0).fools is False


def test_a_file_that_is_no_photo_can_not_be_verified(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(PhotoError, match=r"x\.png: "):
        verify_attack(tmp_path / "x.png", model=classifier)


def test_the_same_seed_gives_the_same_files(
    fooled: tuple[Fooled, Path], classifier: Classifier, photo: Path, ranked: list[int]
) -> None:
    again = fool(
        photo, model=classifier, target=CLASSES[ranked[1]], confidence=0, norm="l2", steps=15, survive="resize:1.5"
    )
    assert again.files == fooled[0].files


def test_several_photos_and_one_that_is_none(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "dog.png").write_bytes(photo.read_bytes())
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    made = fool(folder, model=classifier, confidence=0, budget="40/255", steps=12)
    assert [each.name for each in made.contents.photos] == ["dog.png"]
    assert [name for name, _ in made.contents.problems] == ["broken.png"]
    assert made.contents.unreadable == 1
    assert made.contents.photos[0].change.largest <= 40  # type: ignore[union-attr]
    assert made.contents.photos[0].target is None


def test_what_was_not_fooled_has_no_file(
    classifier: Classifier, photo: Path, ranked: list[int], tmp_path: Path
) -> None:
    made = fool(
        photo, tmp_path / "out", model=classifier, target=CLASSES[ranked[-1]], confidence=0.99, norm="l0", budget="1",
        steps=1,
    )  # fmt: skip
    (card,) = made.contents.photos
    assert (made.contents.fooled, card.fooled, card.file, card.change, made.files) == (0, False, "", None, {})
    assert card.classes[0][0] == CLASSES[ranked[0]]
    assert (tmp_path / "out" / PAGE).exists()


def test_impossible_wishes_are_refused(classifier: Classifier, photo: Path, ranked: list[int], tmp_path: Path) -> None:
    first, second = CLASSES[ranked[0]], CLASSES[ranked[1]]
    with pytest.raises(OptionError, match=rf"dog\.png: the model says '{first}' \(.*\) to begin with; choose another"):
        fool(photo, model=classifier, target=first)
    with pytest.raises(OptionError, match=rf"not '{second}', so that it is wrong to begin with; give a target"):
        fool(photo, model=classifier, label=second)
    with pytest.raises(UnknownNameError, match="unknown class 'clas x'; did you mean"):
        fool(photo, model=classifier, target="clas x")
    with pytest.raises(OptionError, match="a budget must be positive"):
        fool(photo, model=classifier, budget="0")
    with pytest.raises(OptionError, match=r"`confidence` must lie in \[0, 1\), got 1"):
        fool(photo, model=classifier, confidence=1)
    with pytest.raises(OptionError, match="`steps` must be at least 1, got 0"):
        fool(photo, model=classifier, steps=0)
    with pytest.raises(UnknownNameError, match="unknown norm 'l9'"):
        fool(photo, model=classifier, norm="l9")
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(PhotoError, match="the file has no content"):
        fool(tmp_path / "x.png", model=classifier)
    with pytest.raises(DataError, match="none of the 2 photos can be attacked"):
        fool([tmp_path / "x.png", photo], model=classifier, target=first)


def test_a_wrong_model_can_be_pushed_to_a_target(classifier: Classifier, photo: Path, ranked: list[int]) -> None:
    second = CLASSES[ranked[1]]
    made = fool(photo, model=classifier, label=second, target=second, confidence=0, steps=12)
    assert made.contents.photos[0].after[0] == second
    assert "wrong to begin with" in made.contents.notes[0]


def test_an_output_that_holds_the_photo_is_refused(classifier: Classifier, photo: Path) -> None:
    before = sha256_of(photo)
    for output in (photo, photo.parent):
        with pytest.raises(OptionError, match="holds the photo"):
            fool(photo, output, model=classifier, force=True)
    assert sha256_of(photo) == before


def test_an_earlier_attack_is_replaced_only_when_forced(
    fooled: tuple[Fooled, Path], classifier: Classifier, photo: Path
) -> None:
    with pytest.raises(OptionError, match="there is a record of an attack at .* already; pass --force"):
        fool(photo, fooled[1], model=classifier)
