from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file
from tiny_networks import tiny_weights
from tiny_tuning import write_colors

from enxerto.data import Photo, PhotoSet
from enxerto.evaluation.results import Defense
from enxerto.jobs import Trained, train
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training import defense as defense_module
from enxerto.jobs.training import trying
from enxerto.jobs.training.defense import UnderAttack
from enxerto.jobs.training.ways import HARDENED, PROBE
from enxerto.report import from_json
from enxerto.tuning.recipe import Recipe

QUICK = Recipe(stages=None, epochs=1, batch=7, views=1, learning_rate=1e-3, precision="fp32", adversarial=2 / 255)


PHOTOS = 120
LABELS = np.arange(PHOTOS) % 2


def labelled() -> LabelledPhotos:
    photos = tuple(Photo(Path(f"{n}.png"), f"{n}.png", "ab"[label]) for n, label in enumerate(LABELS))
    own, content = np.arange(PHOTOS), np.zeros((PHOTOS, 32), dtype=np.uint8)
    return LabelledPhotos(PhotoSet(Path(), photos, "made up"), ("a", "b"), LABELS, own, own, content, own)


def attacked(before: int, after: int, clean_after: int = 100, rows: int = PHOTOS) -> UnderAttack:
    """The first so many of photos are right: of the probe all as they are."""

    def first(count: int) -> np.ndarray:
        return np.arange(rows) < count

    right = np.stack([first(rows), first(clean_after)])
    return UnderAttack(2 / 255, np.arange(rows), right, np.stack([first(before), first(after)]))


def test_what_the_defense_buys_and_costs_is_paired_over_the_same_photos() -> None:
    found = attacked(6, 90, clean_after=108).compared(labelled(), np.array([], dtype=np.int64))
    assert (found.radius, found.photos, found.majority) == (2 / 255, 120, 0.5)
    assert (found.clean_before.value, found.clean.value) == (1, 0.9)
    assert found.clean_change.value == pytest.approx(-0.1)
    assert found.clean_change.high < 0
    assert (found.attacked_before.value, found.attacked.value) == (0.05, 0.75)
    assert found.gain.value == pytest.approx(0.7)
    assert found.gain.low > 0.6
    assert found.holds


def test_photos_that_were_seen_do_not_count_unless_there_are_no_others() -> None:
    under = attacked(6, 90)
    assert under.compared(labelled(), np.arange(20)).photos == 100
    assert under.compared(labelled(), np.arange(20)).attacked.value == pytest.approx(0.7)
    assert under.compared(labelled(), np.arange(PHOTOS)).photos == 120


@pytest.mark.parametrize(
    ("before", "after", "clean", "holds"),
    [
        (6, 50, 100, True),
        (6, 60, 62, False),  # always one answer is right on 60
        (90, 92, 100, False),  # the probe withstands as much
    ],
)
def test_it_holds_when_it_beats_both_the_probe_and_one_answer_beyond_noise(
    before: int, after: int, clean: int, holds: bool
) -> None:
    assert attacked(before, after, clean).compared(labelled(), np.arange(0)).holds == holds


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """By an adversarial recipe, in two folds."""
    folder = tmp_path_factory.mktemp("hardened")
    save_file(tiny_weights(), folder / "tiny.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(defense_module, "STEPS", 2)
        patch.setattr(defense_module, "SAMPLE", 9)
        patch.setattr(Defense, "holds", property(lambda _: True))
        result = train(
            write_colors(folder / "colors", 5), folder / "model", backbone="test_resnet",
            weights=folder / "tiny.safetensors", size_px=64, device="torch", precision="fp32", control=False,
            curve=False, cache=False, finetune=QUICK, folds=2,
        )  # fmt: skip
    return result, folder


def test_both_are_attacked_on_photos_of_every_fold(trained: tuple[Trained, Path]) -> None:
    result, folder = trained
    tuning = result.contents.tuning
    assert tuning is not None
    assert tuning.defense is not None
    assert (tuning.defense.photos, tuning.defense.radius) == (9, 2 / 255)
    assert dict(tuning.recipe)["adversarial"] == "2/255"
    assert tuning.defense.attacked.value <= tuning.defense.clean.value
    assert tuning.defense.attacked_before.value <= tuning.defense.clean_before.value
    assert [candidate.name for candidate in result.contents.candidates] == [PROBE, HARDENED]
    assert [stage for stage, _ in result.contents.seconds if stage == "attack"] == ["attack"]
    assert from_json((folder / "model/results.json").read_bytes()) == result.contents
    assert "Under attack" in result.html


def test_the_networks_that_answer_are_those_of_the_folds(
    trained: tuple[Trained, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no room to change anything, every photo is answered as it is, by the heads that the decisions come from."""
    _, folder = trained
    found = []
    original = defense_module.attack_both

    def attack_both(backbone: Any, engine: Any, tuned: Any, *rest: Any) -> UnderAttack:
        still = replace(tuned, recipe=replace(tuned.recipe, adversarial=0.0))
        found.append(original(backbone, engine, still, *rest))
        return found[-1]

    monkeypatch.setattr(trying, "attack_both", attack_both)
    result = train(
        folder / "colors", backbone="test_resnet", weights=folder / "tiny.safetensors", size_px=64, device="torch",
        precision="fp32", control=False, curve=False, cache=False, finetune=QUICK, folds=2,
    )  # fmt: skip
    assert np.array_equal(found[0].right, found[0].withstood)
    assert sorted(found[0].rows.tolist()) == list(range(15))
    accuracies = [candidate.accuracy.value for candidate in result.contents.candidates]
    assert found[0].right.mean(axis=1).tolist() == pytest.approx(accuracies)
