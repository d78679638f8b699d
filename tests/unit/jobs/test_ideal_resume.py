"""An interrupted run goes on: what is finished is kept, and what is missing is made as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_networks import tiny_network

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.classifier import Classifier
from enxerto.errors import IntegrityError, OptionError
from enxerto.jobs import ideal
from enxerto.jobs.imagining import gallery
from enxerto.jobs.imagining.ideal import Imagined
from enxerto.report import ideal_from_json
from enxerto.visualize.ideal import panel
from enxerto.visualize.ideal.recipe import recipe_of

RECIPE = recipe_of("robust", steps=2, frames=2, size_px=32)
ASKED = ("zebra", "tench", "llama")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Networks with random weights in the place of the usual ones; and the names of targets, as they are made."""

    def opened(name: str, **_: Any) -> Classifier:
        seed = {"efficientnet_lite0": 0, "squeezenet1_1": 1, "other": 2}.get(name, 3)
        return Classifier(tiny_network("test_resnet", seed=seed), imagenet_classes(), device="torch")

    original, names = gallery.ideal_images, []

    def making(makers: Any, targets: Any, recipe: Any, seeds: Any, **settings: Any) -> Any:
        names.extend(f"{imagenet_classes()[target]}-{seed}" for target in targets for seed in seeds)
        return original(makers, targets, recipe, seeds, **settings)

    monkeypatch.setattr(gallery, "ideal_images", making)
    monkeypatch.setattr(Classifier, "from_backbone", staticmethod(opened))
    monkeypatch.setattr(panel, "is_present", lambda _entry: True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    return names


def make(*classes: str, output: Path | None, **settings: Any) -> Imagined:
    return ideal(classes, output, **{"recipe": RECIPE, "command": "c", **settings})


def test_only_what_is_missing_is_made_and_the_end_is_the_same(tmp_path: Path, made: list[str]) -> None:
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    make(*ASKED, output=whole, seeds=2)
    make("zebra", "llama", output=begun, seeds=1)
    (begun / "llama-0.png").unlink()
    made.clear()
    result = make(*ASKED, output=begun, seeds=2, resume=True)
    assert sorted(made) == ["llama-0", "llama-1", "tench-0", "tench-1", "zebra-1"]
    for name in (*(f"{each}-{seed}.png" for each in ASKED for seed in (0, 1)), "sheet.png", "ideal.json"):
        assert (begun / name).read_bytes() == (whole / name).read_bytes(), name
    assert [card.name for card in result.contents.images] == [f"{each}-{seed}" for each in ASKED for seed in (0, 1)]
    assert [image.steps for image in result.images] == [card.steps for card in result.contents.images]
    assert result.contents.unfinished == 0


def test_nothing_is_made_where_all_is_there(tmp_path: Path, made: list[str]) -> None:
    first = make(*ASKED, output=tmp_path, film="webp").contents
    made.clear()
    assert make(*ASKED, output=tmp_path, film="webp", resume=True).contents == first
    assert made == []
    (tmp_path / "tench-0.webp").unlink()
    assert make(*ASKED, output=tmp_path, film="webp", resume=True).contents == first
    assert made == ["tench-0"]
    make(*ASKED, output=tmp_path, film="webp", resume=True, force=True)
    assert len(made) == 1 + len(ASKED), "replacing was asked for"


def test_a_changed_file_is_made_again(tmp_path: Path, made: list[str]) -> None:
    first = make(*ASKED, output=tmp_path).contents
    (tmp_path / "tench-0.png").write_bytes((tmp_path / "zebra-0.png").read_bytes())
    made.clear()
    assert make(*ASKED, output=tmp_path, resume=True).contents == first
    assert made == ["tench-0"]


def test_a_second_interruption_keeps_what_the_first_run_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("llama", output=tmp_path)

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(gallery, "ideal_images", interrupted)
    kept = make(*ASKED, output=tmp_path, resume=True).contents
    assert ([card.name for card in kept.images], kept.unfinished) == (["llama-0"], 2)
    assert ideal_from_json((tmp_path / "ideal.json").read_bytes()) == kept


def test_images_that_push_each_other_apart_are_kept_together(tmp_path: Path, made: list[str]) -> None:
    apart = {"recipe": recipe_of("robust", steps=2, frames=2, size_px=32, diversity=1.0), "seeds": 2}
    make("zebra", "llama", output=tmp_path, **apart)
    (tmp_path / "llama-1.png").unlink()
    made.clear()
    make("zebra", "llama", output=tmp_path, resume=True, **apart)
    assert made == ["llama-0", "llama-1"]


def test_other_images_are_not_gone_on_with(tmp_path: Path) -> None:
    make("zebra", output=tmp_path)
    for changes in (
        {"recipe": recipe_of("robust", steps=3, frames=2, size_px=32)},
        {"backbones": ["other"]},
        {"start": "#808080"},
        {"vary": ("decay", ["1", "2"])},
    ):
        with pytest.raises(OptionError, match=r"ideal\.json is of other networks, another recipe or another start"):
            make("zebra", output=tmp_path, resume=True, **changes)
    with pytest.raises(OptionError, match=r"ideal\.json holds zebra-0, which isn't asked for now; ask for it, too"):
        make("tench", output=tmp_path, resume=True)
    (tmp_path / "ideal.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="JSON"):
        make("zebra", output=tmp_path, resume=True)


def test_files_without_a_record_are_nobody_s_to_replace(tmp_path: Path) -> None:
    (tmp_path / "zebra-0.png").touch()
    with pytest.raises(OptionError, match=r"there is .*zebra-0\.png already; pass --force"):
        make("zebra", output=tmp_path, resume=True)
    assert make("zebra", output=tmp_path / "new", resume=True).contents.unfinished == 0
    with pytest.raises(OptionError, match="`resume` goes on with images at an output; give one"):
        make("zebra", output=None, resume=True)
