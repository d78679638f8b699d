from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_engines import write_photo
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.data import decode
from enxerto.errors import OptionError, PhotoError, StorageError, UnknownNameError, WeightsMissingError
from enxerto.files import sha256_of
from enxerto.heads.familiarity import Familiarity
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import LinearProbe
from enxerto.jobs import ideal
from enxerto.jobs.imagining import gallery as ideal_gallery
from enxerto.jobs.imagining import sheet as ideal_sheet
from enxerto.jobs.imagining.ideal import Imagined
from enxerto.report import ideal_from_json
from enxerto.visualize.ideal import panel
from enxerto.visualize.ideal.recipe import recipe_of
from enxerto.visualize.render.encoding import png

NETWORKS = {
    "efficientnet_lite0": ("test_resnet", 0), "efficientnet_lite2": ("test_resnet", 1),
    "squeezenet1_1": ("test_vit", 0), "other": ("test_vit", 1),
}  # fmt: skip
RECIPE = recipe_of("robust", steps=2, frames=2, size_px=32)
"""Made in no time."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks with random weights in the place of the usual ones."""

    def opened(name: str, **opening: Any) -> Classifier:
        if name == "absent":
            raise WeightsMissingError("the weights of absent are not here")
        architecture, seed = NETWORKS[name]
        return Classifier(tiny_network(architecture, seed=seed), imagenet_classes(), device="torch")

    monkeypatch.setattr(Classifier, "from_backbone", staticmethod(opened))
    monkeypatch.setattr(panel, "is_present", lambda _entry: True)


def make(*classes: str | int, output: Path | None = None, **settings: Any) -> Imagined:
    return ideal(classes, output, **{"recipe": RECIPE, **settings})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_png_a_class_and_seed_and_what_networks_say_of_it(tmp_path: Path) -> None:
    made = make("zebra", "siamese cat", output=tmp_path / "new/out", seeds=2, seed=3, film="webp")
    folder = tmp_path / "new/out"
    stems = ["zebra-3", "zebra-4", "Siamese-cat-3", "Siamese-cat-4"]
    assert names(folder) == sorted(
        [*(f"{stem}{end}" for stem in stems for end in (".png", ".webp")), "ideal.html", "ideal.json", "sheet.png"]
    )
    assert [card.name for card in made.contents.images] == stems
    for card, image in zip(made.contents.images, made.images, strict=True):
        assert np.array_equal(decode((folder / card.file).read_bytes()).image, image.image)
        assert card.sha256 == sha256_of(folder / card.file)
        with Image.open(folder / card.film) as film:
            assert film.format == "WEBP"
        assert len(card.steps) == 3
        assert (card.side_px, card.networks, card.stopped) == (32, ("efficientnet_lite0",), "all 2 steps done")
        assert card.opinions == image.opinions
        assert len(image.frames) == 0
        assert {(each.network, each.relation) for each in card.opinions} == {
            ("squeezenet1_1", "unrelated"), ("efficientnet_lite2", "sibling"), ("efficientnet_lite0", "itself"),
        }  # fmt: skip
        assert all(1 <= each.rank <= 1000 for each in card.opinions)
    assert ideal_from_json((folder / "ideal.json").read_bytes()) == made.contents
    assert made.contents.title == "Ideal images of zebra and Siamese cat"
    assert (made.contents.unfinished, made.contents.start, made.contents.varied) == (0, "noise", "")
    assert dict(made.contents.recipe)["steps"] == "2"
    page = (folder / "ideal.html").read_text(encoding="utf-8")
    assert page.count("<article") == 4
    height, width = decode((folder / "sheet.png").read_bytes()).image.shape[:2]
    assert height > width, "a row a class, a column a seed, and captions"


def test_the_same_seed_gives_the_same_bytes_whatever_is_made_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    for folder in ("a", "b"):
        make("zebra", "tench", output=tmp_path / folder, seeds=2, command="c")
    assert names(tmp_path / "a") == names(tmp_path / "b")
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    make("tench", output=tmp_path / "c", seed=1)
    assert (tmp_path / "c/tench-1.png").read_bytes() == (tmp_path / "a/tench-1.png").read_bytes()
    assert (tmp_path / "a/tench-0.png").read_bytes() != (tmp_path / "a/tench-1.png").read_bytes()


QUICK = {"steps": 2, "frames": 2, "size": 32}


def test_networks_with_attention_get_phases_alone_unless_the_canvas_is_asked_for(tmp_path: Path) -> None:
    made = make("zebra", output=tmp_path, recipe="robust", knobs=QUICK, backbones=["other"])
    assert dict(made.contents.images[0].recipe)["canvas"] == dict(made.contents.recipe)["canvas"] == "maco"
    assert "as test_vit has attention blocks" in " ".join(made.contents.notes)
    assert "has attention blocks; --canvas fourier" in (tmp_path / "ideal.html").read_text(encoding="utf-8")
    asked = make("zebra", recipe="robust", knobs={**QUICK, "canvas": "fourier"}, backbones=["other"]).contents
    varied = make(
        "zebra", recipe="robust", knobs=QUICK, backbones=["other"], vary=("canvas", ["maco", "pixels"])
    ).contents
    convolutional = make("zebra", recipe="robust", knobs=QUICK).contents
    assert [dict(each.images[0].recipe)["canvas"] for each in (asked, convolutional)] == ["fourier", "fourier"]
    assert [dict(card.recipe)["canvas"] for card in varied.images] == ["maco", "pixels"]
    assert not any("attention" in note for each in (asked, varied, convolutional) for note in each.notes)


def test_what_is_judged_is_the_file_that_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gray = png(np.full((32, 32, 3), 128, dtype=np.uint8))
    honest = make("zebra", "tench", output=tmp_path / "honest").contents.images
    monkeypatch.setattr(ideal_gallery, "png", lambda _image: gray)
    tampered = make("zebra", "tench", output=tmp_path / "tampered").contents.images
    assert tampered[0].opinions[0].best == tampered[1].opinions[0].best, "both files are the same gray"
    assert honest[0].opinions[0].best != tampered[0].opinions[0].best
    assert tampered[0].sha256 == tampered[1].sha256 != honest[0].sha256


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> None:
    """Let the making of images end after some calls, of two images each."""
    original: Callable[..., Any] = ideal_gallery.ideal_images
    calls = []

    def broken(*arguments: Any, **settings: Any) -> Any:
        calls.append(arguments)
        if len(calls) > after:
            raise error
        return original(*arguments, **settings)

    monkeypatch.setattr(ideal_gallery, "ideal_images", broken)
    monkeypatch.setattr(ideal_gallery, "IMAGES_A_WORKER", 1)


def test_an_interruption_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, 1, KeyboardInterrupt())
    made = make("zebra", "tench", "orca", output=tmp_path)
    assert [card.name for card in made.contents.images] == ["zebra-0", "tench-0"]
    assert made.contents.unfinished == 1
    assert ideal_from_json((tmp_path / "ideal.json").read_bytes()) == made.contents
    assert "1\u00a0image that was asked for is missing" in (tmp_path / "ideal.html").read_text(encoding="utf-8")
    assert (tmp_path / "sheet.png").exists()


def test_an_error_loses_nothing_that_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("zebra", output=tmp_path)
    old = (tmp_path / "zebra-0.png").read_bytes()
    interrupted(monkeypatch, 1, StorageError("disk full"))
    with pytest.raises(StorageError, match="disk full"):
        make("zebra", "orca", "tench", output=tmp_path, force=True)
    assert (tmp_path / "zebra-0.png").read_bytes() == old
    assert ideal_from_json((tmp_path / "ideal.json").read_bytes()).unfinished == 1
    assert not (tmp_path / "ideal.html").exists(), "a page of other images would mislead"


def test_an_interruption_before_the_first_image_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, 0, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        make("zebra", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    make("zebra", output=tmp_path / "out")
    with pytest.raises(OptionError, match=r"there is .*ideal\.html already and 2 more; pass --force to replace it"):
        make("tench", output=tmp_path / "out")
    (tmp_path / "one").mkdir()
    (tmp_path / "one/zebra-0.png").touch()
    with pytest.raises(OptionError, match=r"there is .*zebra-0\.png already; pass --force"):
        make("zebra", output=tmp_path / "one")
    make("zebra", output=tmp_path / "one", force=True)
    assert (tmp_path / "one/zebra-0.png").stat().st_size
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.json").touch()
    with pytest.raises(OptionError, match="lies in a model's directory, which would be no intact model"):
        make("zebra", output=tmp_path / "model/inside")
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match="is a file; -o takes a directory"):
        make("zebra", output=tmp_path / "file")


def test_without_an_output_nothing_stays(tmp_path: Path) -> None:
    made = make(340)
    assert (made.images[0].target, made.contents.sheet) == ("zebra", "")
    assert made.images[0].opinions
    assert list(tmp_path.iterdir()) == []


def test_a_knob_is_varied_side_by_side(tmp_path: Path) -> None:
    made = make("zebra", output=tmp_path, vary=("tv-weight", ["0", "250.5"]), knobs={"noise": "0", "flip": 0.0})
    assert [card.name for card in made.contents.images] == ["zebra-0-tv-weight-0", "zebra-0-tv-weight-250.5"]
    assert [card.variation for card in made.contents.images] == ["tv-weight 0", "tv-weight 250.5"]
    assert [dict(card.recipe)["tv-weight"] for card in made.contents.images] == ["0", "250.5"]
    shared = dict(made.contents.recipe)
    assert (shared["noise"], shared["flip"], shared["recipe"]) == ("0", "0", "own")
    assert "tv-weight" not in shared
    assert made.contents.varied == "tv-weight"
    assert not np.array_equal(made.images[0].image, made.images[1].image)
    assert "One column for each value of tv-weight." in (tmp_path / "ideal.html").read_text(encoding="utf-8")


def test_channels_are_made_and_nothing_is_recognized() -> None:
    made = make(layer="layer2", channels=[1, 0, 1])
    assert [card.target for card in made.contents.images] == ["layer2, channel 1", "layer2, channel 0"]
    assert all(card.index is None for card in made.contents.images)
    assert {opinion.rank for card in made.contents.images for opinion in card.opinions} == {0}
    with pytest.raises(UnknownNameError, match="unknown layer 'layer9'; did you mean layer"):
        make(layer="layer9", channels=[0])


def test_a_photo_or_a_color_is_a_start_too(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.png", 0, side=40)
    from_photo, from_color = (make("zebra", start=start).images[0] for start in (photo, "#804020"))
    assert from_color.image.reshape(-1, 3).mean(axis=0) == pytest.approx([128, 64, 32], abs=30)
    assert not np.array_equal(from_photo.image, from_color.image)
    with pytest.raises(PhotoError, match="no such file"):
        make("zebra", start=tmp_path / "nothing.png")
    with pytest.raises(OptionError, match="`start` must be noise, a color such as #8090a0, or a photo, got '#12'"):
        make("zebra", start="#12")


def test_who_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "UNRELATED_DEFAULT", "absent")
    made = make("zebra")
    assert made.contents.missing == (("absent", "the weights of absent are not here"),)
    with pytest.raises(WeightsMissingError, match="absent are not here"):
        make("zebra", verifiers=["absent"])


def test_others_can_be_asked_and_several_make_images_together() -> None:
    made = make("zebra", backbones=["efficientnet_lite0", "squeezenet1_1"], verifiers=["other", "efficientnet_lite2"])
    (card,) = made.contents.images
    assert card.networks == ("efficientnet_lite0", "squeezenet1_1")
    relations = {opinion.network: opinion.relation for opinion in card.opinions}
    assert relations == {
        "other": "sibling", "efficientnet_lite2": "sibling", "efficientnet_lite0": "itself", "squeezenet1_1": "itself",
    }  # fmt: skip
    assert len(made.contents.backbones) == len(made.contents.judges) == 2


def test_who_decides_when_to_stop_is_no_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def agreement(stoppers: Sequence[Any]) -> Callable[..., Any]:
        asked.append(tuple(stopper.name for stopper in stoppers))
        return lambda images, _targets: np.ones(len(images), dtype=bool)

    monkeypatch.setattr(ideal_gallery, "agreement", agreement)
    made = make("zebra", stop_when_agreed=True)
    assert asked == [("efficientnet_lite2",)]
    assert made.contents.stoppers == ("efficientnet_lite2",)
    assert made.images[0].stopped == "the verifiers agree"
    assert made.images[0].steps[-1].number == 1
    with pytest.raises(OptionError, match="stopping when verifiers agree needs at least 2 of them"):
        make("zebra", stop_when_agreed=True, verifiers=["other"])


def test_everything_impossible_is_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        make(
            "zebrra", "crane", output=tmp_path, knobs={"steps": 0, "size": "7"}, seeds=0, seed=-1, start="#1",
            vary=("stepz", ["1"]), layer="a", verifiers=["efficientnet_lite0"],
        )  # fmt: skip
    assert [line.split(",")[0].split(";")[0] for line in str(caught.value).split("\n- ")] == [
        "9 things are wrong:",
        "`start` must be noise",
        "verifier efficientnet_lite0 makes the images itself",
        "give classes",
        "a layer and its channels belong together: give both",
        "unknown knob 'stepz'",
        "`seeds` must be 1 or more",
        "`steps` must be a whole number from 1 to 100000",
        "`size_px` must be a whole number from 32 to 2048",
        "a seed must be a whole number from 0",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "give at least one class, by name or index"),
        ({"layer": "a", "channels": [-1]}, "a channel is counted from 0, got -1"),
        ({"classes": ["zebra"], "seeds": 3001}, "3,001 images were asked for; at most 3,000 are made at once"),
        ({"classes": ["zebra"], "recipe": "lessn"}, "unknown recipe 'lessn'; did you mean lesson"),
        ({"classes": ["zebra"], "backbones": ["other"], "models": ["m"]}, "give backbones or models, not both"),
    ],
)
def test_what_can_not_be_made_is_said(settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", staticmethod(lambda _path, **_opening: model("a", "b")))
    with pytest.raises(OptionError, match=message):
        ideal(**settings)


def model(*classes: str, seed: int = 0) -> Classifier:
    """A classifier with a head of its own on a tiny network."""
    backbone = tiny_network(seed=seed)
    length = int(backbone.feature_network().network.num_features)  # type: ignore[arg-type]
    dice = np.random.default_rng(seed)
    head = LinearHead(
        dice.normal(size=(len(classes), length)).astype(np.float32), np.zeros(len(classes), dtype=np.float32), classes
    )
    bank = Familiarity(dice.normal(size=(5, length)).astype(np.float16), 0.1)
    return Classifier(backbone, classes, LinearProbe(head, 1.0, 0.2, 0.95, bank, 1.0, ((1.0, 0.5),)), device="torch")


def test_models_of_the_same_classes_judge_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Classifier, "load", staticmethod(lambda path, **_: model("ants", "quetzals", seed=int(path.parent.name)))
    )
    models = [tmp_path / "0/m", tmp_path / "1/m"]
    made = make("ants", "quetzals", output=tmp_path / "out", models=models)
    assert [card.name for card in made.contents.images] == [
        "ants-0-0-m",
        "quetzals-0-0-m",
        "ants-0-1-m",
        "quetzals-0-1-m",
    ]
    ants, quetzals = ({each.network: each for each in card.opinions} for card in made.contents.images[:2])
    assert {name: opinion.relation for name, opinion in ants.items()} == {
        "squeezenet1_1": "unrelated", "1/m": "sibling", "efficientnet_lite2": "sibling", "0/m": "itself",
    }  # fmt: skip
    assert ants["squeezenet1_1"].rank >= 1
    assert (quetzals["squeezenet1_1"].rank, quetzals["1/m"].rank > 0) == (0, True), "ImageNet has no quetzal"
    assert ("squeezenet1_1", "ants", ("ant",)) in made.contents.counted
    assert made.contents.notes == (
        "efficientnet_lite2 stands on the very weights that made the images; it says little that they don't.",
    )
    record = json.loads((tmp_path / "out/ideal.json").read_bytes())
    assert record["contents"]["images"][2]["networks"] == ["1/m"]


def test_models_of_other_classes_or_on_the_same_backbone_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", staticmethod(lambda path, **_: model("ant", path.name)))
    with pytest.raises(OptionError, match="must have the same classes; make their images one by one"):
        make("ant", models=["x", "y"])
    monkeypatch.setattr(Classifier, "load", staticmethod(lambda _path, **_: model("ant", "bee")))
    made = make("ant", models=["x", "y"])
    assert "Models on the same backbone's weights are no independent judges of each other." in made.contents.notes


def test_a_saved_model_can_be_a_verifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "load", staticmethod(lambda _path, **_: model("zebra", "cat", seed=3)))
    (tmp_path / "judge").mkdir()
    made = make("zebra", "tench", verifiers=[tmp_path / "judge"])
    ranks = [{each.network: each.rank for each in card.opinions}["judge"] for card in made.contents.images]
    assert ranks[0] in (1, 2)
    assert ranks[1] == 0


def test_a_sheet_s_captions_belong_to_their_images(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles: list[Any] = []
    monkeypatch.setattr(ideal_sheet, "contact_sheet", lambda given, *_, **__: tiles.extend(given) or given[0].image)
    made = make("zebra", "tench", vary=("decay", ["0.5", "2"]))
    assert [card.name for card in made.contents.images] == [
        "zebra-0-decay-0.5", "zebra-0-decay-2", "tench-0-decay-0.5", "tench-0-decay-2",
    ]  # fmt: skip
    assert [tile.captions[0] for tile in tiles] == ["zebra", "zebra", "tench", "tench"]
    assert all(np.array_equal(tile.image, image.image) for tile, image in zip(tiles, made.images, strict=True))
    alone = make("tench", knobs={"decay": 2}).images[0].image
    assert np.array_equal(tiles[3].image, alone)


def test_a_sheet_with_gaps_says_each_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(
        ideal_sheet,
        "contact_sheet",
        lambda given, *_, **__: lines.extend(t.captions[0] for t in given) or given[0].image,
    )
    interrupted(monkeypatch, 3, KeyboardInterrupt())
    make("zebra", "tench", "orca", output=tmp_path, vary=("decay", ["0.5", "2"]))
    assert lines == [
        "zebra, decay 0.5", "zebra, decay 2", "tench, decay 0.5", "tench, decay 2", "killer whale, decay 0.5",
    ]  # fmt: skip
