from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_tuning import material_of, small_network, write_colors

from enxerto.backbones import Backbone
from enxerto.heads.calibration import fit_temperature
from enxerto.tuning import Material, Recipe, Surroundings
from enxerto.tuning import inputs as inputs_module
from enxerto.tuning.trials import Trials

QUICK = Recipe(stages=1, epochs=1, batch=7, views=2, precision="fp32")
AROUND = Surroundings()


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return small_network()


@pytest.fixture(scope="module")
def material(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Six photos of each of three colors."""
    return material_of(write_colors(tmp_path_factory.mktemp("colors"), 6), backbone)


@pytest.fixture
def trials(backbone: Backbone, material: Material, tmp_path: Path) -> Iterator[Trials]:
    """Four photos of each class are learned from, two are unseen."""
    last = np.arange(18) % 6 >= 4

    def features_of(other: Backbone) -> np.ndarray:
        return material_of(material.photos, other).features

    with closing(
        Trials(backbone, material, np.flatnonzero(~last), np.flatnonzero(last), tmp_path, "torch", "fp32", features_of)
    ) as opened:
        yield opened


def test_a_seed_gives_the_same_fit_and_another_one_another(trials: Trials) -> None:
    first, again, other = (trials.run("a fit", QUICK, seed, AROUND) for seed in (0, 0, 1))
    assert first.logits.shape == (6, 3)
    assert np.array_equal(first.logits, again.logits)
    assert not np.array_equal(first.logits, other.logits)


def test_what_recipes_share_is_made_once(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    original = inputs_module.extract

    def extract(photos: object, *rest: object, **options: object) -> object:
        made.append(len(photos))  # type: ignore[arg-type]
        return original(photos, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(inputs_module, "extract", extract)
    trials.run("plain", QUICK, 0, AROUND)
    assert made == [18, 12], "all photos as they are, and another view of those learned from"
    trials.run("smoothed", replace(QUICK, smoothing=0.1), 1, AROUND)
    trials.run("frozen", replace(QUICK, batch_norm="frozen"), 0, AROUND)
    assert made == [18, 12]
    trials.run("two stages", replace(QUICK, stages=2), 0, AROUND)
    assert made == [18, 12] * 2


def test_the_start_is_measured_where_no_epoch_is_better(trials: Trials) -> None:
    random = replace(QUICK, initialization="uniform", learning_rate=0.01)
    assert not trials.run("better", random, 0, AROUND).at_start
    hopeless = replace(QUICK, learning_rate=1e3, clip=None, average=0.0)
    trial = trials.run("worse", hopeless, 0, AROUND)
    assert trial.at_start
    assert np.isfinite(trial.logits).all()


def test_logits_are_calibrated_on_the_part_held_out(trials: Trials) -> None:
    """With a head that doesn't learn, they are those of a head solved on all photos, over the temperature of another.

    That one was solved without the photos held out, and judged by them.
    """
    still = replace(QUICK, stages=0, learning_rate=1e-12, average=0.0)
    trial = trials.run("still", still, 0, AROUND)
    material = trials.material
    seeded = replace(material, seed=0)
    learn, chosen_by = seeded.parts(trials.learned, QUICK.held_out)
    features = material.features[:, 0].astype(np.float64)
    part, whole = (seeded.start(rows, "solved") for rows in (learn, trials.learned))
    judged, logits = (features @ start.weight.numpy().T + start.bias.numpy() for start in (part, whole))
    temperature = fit_temperature(judged[chosen_by], material.labels[chosen_by])
    assert np.allclose(trial.logits, logits[trials.unseen] / temperature, rtol=1e-3, atol=1e-3)
    without = trials.run("still", replace(still, refit=False), 0, AROUND)
    assert np.allclose(without.logits, judged[trials.unseen] / temperature, rtol=1e-3, atol=1e-3)


def test_another_scaling_has_features_and_maps_of_its_own(trials: Trials) -> None:
    plain, raw = (trials.run("a fit", replace(QUICK, scaling=scaling), 0, AROUND) for scaling in ("backbone", "raw"))
    assert not np.allclose(plain.logits, raw.logits)
    found = trials.run("a fit", replace(QUICK, learning_rate="find"), 0, AROUND)
    assert found.seconds > 0
