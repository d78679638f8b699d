"""Fine-tuning, round by round as the linear probe was: from a solved head to answers for photos not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from enxerto.backbones import Backbone
from enxerto.heads import Decisions, LinearProbe
from enxerto.heads.familiarity import familiar_bank
from enxerto.heads.linear import LinearHead
from enxerto.heads.probe import calibrate
from enxerto.tuning.answers import answers
from enxerto.tuning.bench import Bench, Fitted, open_inputs
from enxerto.tuning.finder import FoundRate
from enxerto.tuning.history import FitHistory
from enxerto.tuning.material import Material, Rows
from enxerto.tuning.network import TunableNetwork, count_learning, open_tail, tuned_backbone
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.task import Surroundings
from enxerto.types import Features, Logits

Round = tuple[Rows, Rows]
"""Rows learned from, and rows to answer; none to answer for the fit on all photos that follows cross-validation."""


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning gave.

    Attributes:
        backbone: with the weights of the last round.
        probe: the head of the last round, calibrated.
        decisions: of each round that had photos to answer, in the order of its rows.
        features: of all photos as the last round's network sees them, float32, shape (n, features).
        fits: what happened.
        learning: names of the stages that learned.
        parameters: how many numbers learned.
        recipe: as it was in the end, with the learning rate that was found.
        found: the look for the learning rate; `None` when there was none.
        networks: of each round that had photos to answer, in order; none where the recipe isn't adversarial.
    """

    backbone: Backbone
    probe: LinearProbe
    decisions: tuple[Decisions, ...]
    features: Features
    fits: tuple[FitHistory, ...]
    learning: tuple[str, ...]
    parameters: int
    recipe: Recipe
    found: FoundRate | None
    networks: tuple[TunableNetwork, ...] = ()

    @property
    def unchanged(self) -> bool:
        """No epoch of the last round was better than its start, and the network sees photos as it did before."""
        return self.recipe.scaling == "backbone" and all(fit.best == 0 for fit in self.fits[-self.recipe.runs :])


def fine_tune(
    backbone: Backbone,
    material: Material,
    rounds: Sequence[Round],
    recipe: Recipe,
    around: Surroundings,
    *,
    folder: Path,
    engine_device: str = "auto",
    precision: str = "fp32",
) -> Tuned:
    """Tune a backbone and its head in each round, from a head solved on the photos that the round learns from.

    Args:
        backbone: to be tuned; stays as it is.
        material: the photos.
        rounds: the last one's network is the one to keep.
        recipe: how.
        around: where it runs.
        folder: for checkpoints and maps; fits that were begun there go on.
        engine_device: of the engine that runs the frozen part, as for `open_engine`.
        precision: likewise.

    Raises:
        DataError: a class has too few photos in a round to hold one out.
        OptionError: a checkpoint in `folder` is from another run.
        StorageError: the disk is full.
    """
    parts = [material.parts(learned, recipe.held_out) for learned, _ in rounds]
    opened = open_tail(backbone, recipe)
    learned = np.isin(np.arange(len(material.labels)), np.concatenate([learn for learn, _ in parts]))
    inputs = open_inputs(backbone, opened, material, learned, around, folder, engine_device, precision)
    every = np.arange(len(material.labels))
    done: list[_Done] = []
    found = None
    try:
        for number, ((taught, evaluated), (learn, chosen_by)) in enumerate(zip(rounds, parts, strict=True)):
            name = f"fold{number}" if len(evaluated) and len(rounds) > 1 else "final"
            start = material.start(learn, recipe.initialization)
            bench = Bench(name, backbone, opened, inputs, material, learn, chosen_by, start, around, folder)
            if recipe.learning_rate == "find":
                found = bench.find(recipe)
                recipe = replace(recipe, learning_rate=found.rate)
            fitted = bench.fit(recipe)
            features, logits = judged = answers(fitted.network, inputs, every, around)
            if recipe.refit and not len(material.validation):
                bench, fitted = bench.refit(recipe, taught, fitted)
                features, logits = answers(fitted.network, inputs, every, around)
            done.append(_Done(bench, taught, chosen_by, evaluated, fitted, features, logits, judged))
    finally:
        inputs.close()
    probes = [_calibrated(one, [other for other in done if other is not one and len(other.evaluated)]) for one in done]
    answered = [(one, probe) for one, probe in zip(done, probes, strict=True) if len(one.evaluated)]
    return Tuned(
        backbone=tuned_backbone(backbone, fitted.network.state_dict()),
        probe=probes[-1],
        decisions=tuple(probe.decide(one.features[one.evaluated]) for one, probe in answered),
        features=done[-1].features,
        fits=tuple(history for one in done for history in one.fitted.histories),
        learning=tuple(stage.name for stage in opened.learning),
        parameters=count_learning(fitted.network),
        recipe=recipe,
        found=found,
        networks=tuple(one.fitted.network for one, _ in answered if recipe.adversarial),
    )


@dataclass(frozen=True)
class _Done:
    """What one round gave.

    Attributes:
        bench: of the network that is kept.
        taught: rows that it learned from, or could have.
        chosen_by: rows that the best weights were chosen by.
        evaluated: rows to answer.
        fitted: the network that is kept.
        features: of all photos by that network.
        logits: likewise.
        judged: features and logits of all photos by the network that had not learned from `chosen_by`.
    """

    bench: Bench
    taught: Rows
    chosen_by: Rows
    evaluated: Rows
    fitted: Fitted
    features: Features
    logits: Logits
    judged: tuple[Features, Logits]


def _calibrated(done: _Done, others: list[_Done]) -> LinearProbe:
    """A round's head with what makes its answers honest.

    Temperature and thresholds come from what the other rounds' networks say of the photos that they have not learned
    from; where there is but one round, from the few photos that were held out while the best epoch was looked for. How
    familiar new photos look is told by those, too.
    """
    bench, taught, network = done.bench, done.taught, done.fitted.network
    material = bench.material
    chosen = np.isin(taught, done.chosen_by)
    judges = [(other.logits, other.evaluated) for other in others] or [(done.judged[1], done.chosen_by)]
    labels, groups = material.labels[taught], material.groups[taught]
    probe = calibrate(
        LinearHead(network.weight.detach().cpu().numpy(), network.bias.detach().cpu().numpy(), material.classes),
        done.judged[0][taught],
        labels,
        (
            np.concatenate([logits[rows] for logits, rows in judges]),
            material.labels[np.concatenate([rows for _, rows in judges])],
        ),
        new=chosen if chosen.any() else None,
        groups=groups,
        coverage=material.coverage,
        seed=material.seed,
        C=bench.start.C,
        search=bench.start.search,
    )
    bank = familiar_bank(done.features[taught], labels, seed=material.seed)
    return replace(probe, familiarity=replace(probe.familiarity, bank=bank))
