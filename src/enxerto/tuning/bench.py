"""Everything that fits on the same photos have in common: where they start, what they see, what they are chosen by."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones import Augmentation, Backbone
from enxerto.engines import open_engine
from enxerto.tuning.finder import FoundRate, find_rate
from enxerto.tuning.fit import fit, loss_and_accuracy
from enxerto.tuning.history import FitHistory
from enxerto.tuning.inputs import Inputs, Maps, Pictures
from enxerto.tuning.material import Material, Rows, Start
from enxerto.tuning.network import Opened, TunableNetwork
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.refit import refit
from enxerto.tuning.soup import greedy_soup, stirred
from enxerto.tuning.state import Tensors, copied
from enxerto.tuning.task import Surroundings, Task


@dataclass(frozen=True)
class Fitted:
    """A network that was fitted.

    Attributes:
        network: the one of one fit, or the soup of several.
        histories: of all fits.
        members: numbers of the fits that are in the network.
    """

    network: TunableNetwork
    histories: tuple[FitHistory, ...]
    members: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Bench:
    """What every fit on the same photos needs.

    Attributes:
        name: of the fits.
        backbone: to be tuned; stays as it is.
        opened: the part of it that learns.
        inputs: of that part.
        material: the photos.
        learn: rows to learn from.
        chosen_by: rows to choose the best weights by.
        start: the head to start from.
        around: where fits run.
        folder: for checkpoints; `None` keeps none.
    """

    name: str
    backbone: Backbone
    opened: Opened
    inputs: Inputs
    material: Material
    learn: Rows
    chosen_by: Rows
    start: Start
    around: Surroundings
    folder: Path | None

    def find(self, recipe: Recipe) -> FoundRate:
        """Look for the learning rate."""
        return find_rate(self._network(), self.opened.learning, self._task(recipe, 0), recipe, self.around)

    def fit(self, recipe: Recipe) -> Fitted:
        """The best weights of one fit, or the soup of several."""
        finished: list[tuple[float, Tensors]] = []
        histories = []
        for run in range(recipe.runs):
            network, task = self._network(), self._task(recipe, run)
            histories.append(fit(network, self.opened.learning, task, recipe, self._around(f"{self.name}-{run}")))
            if recipe.runs > 1:
                finished.append((histories[-1].best_loss, copied(network.state_dict())))

        def loss_of(weights: Tensors) -> float:
            network.load_state_dict(weights)
            return loss_and_accuracy(network, task, self.around)[0]

        members: tuple[int, ...] = (0,)
        if finished:
            soup, members = greedy_soup(finished, loss_of)
            network.load_state_dict(soup)
        return Fitted(network.eval(), tuple(histories), members)

    def refit(self, recipe: Recipe, taught: Rows, fitted: Fitted) -> tuple[Bench, Fitted]:
        """Learn again from all photos, those held out too, as each fit that counts did until it was best.

        Args:
            recipe: of those fits.
            taught: rows to learn from.
            fitted: what came of them; it is given back where learning again fails.
        """
        start = self.material.start(taught, recipe.initialization)
        again = replace(self, learn=taught, chosen_by=taught[:0], start=start)
        soup: Tensors = {}
        for members, run in enumerate(fitted.members):
            history = fitted.histories[run]
            network, task = again._network(), again._task(recipe, run, until=history)
            around = self._around(f"{self.name}-{run}-all")
            if not refit(network, self.opened.learning, task, recipe, around, history):
                return self, fitted
            soup = stirred(soup, network.state_dict(), members) if soup else copied(network.state_dict())
        network.load_state_dict(soup)
        histories = tuple(
            replace(history, refitted_on=len(taught)) if run in fitted.members else history
            for run, history in enumerate(fitted.histories)
        )
        return again, replace(fitted, network=network.eval(), histories=histories)

    def _around(self, name: str) -> Surroundings:
        """Where a fit of this name runs."""
        return replace(self.around, checkpoint=None if self.folder is None else self.folder / f"{name}.safetensors")

    def _network(self) -> TunableNetwork:
        return TunableNetwork(copy.deepcopy(self.opened.tail), self.start.weight.clone(), self.start.bias.clone())

    def _task(self, recipe: Recipe, run: int, until: FitHistory | None = None) -> Task:
        material = self.material
        decisive = {
            "recipe": {**asdict(recipe), "checkpoint_minutes": 0, "accumulate": 0},
            "backbone": self.backbone.fingerprint,
            "photos": hashlib.sha256(material.content[self.learn].tobytes()).hexdigest(),
            "rows": self.learn.tolist(),
            "weights": material.weights(self.learn).tolist(),
            "labels": material.labels[self.learn].tolist(),
            "chosen by": self.chosen_by.tolist(),
            "views of the first head": material.features.shape[1],
            "seed": material.seed,
            "run": run,
            "until": None if until is None else (until.best, until.averaged),
            "torch": torch.__version__,
        }
        return Task(
            name=self.name if recipe.runs == 1 else f"{self.name}, run {run + 1}",
            inputs=self.inputs,
            labels=material.labels,
            weights=material.weights(self.learn),
            features=material.features.shape[2],
            learn=self.learn,
            held_out=self.chosen_by,
            seed=material.seed,
            run=run,
            identity=hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest(),
            radius=recipe.adversarial,
        )


def open_inputs(
    backbone: Backbone,
    opened: Opened,
    material: Material,
    learned: NDArray[np.bool_],
    around: Surroundings,
    folder: Path,
    device: str,
    precision: str,
) -> Inputs:
    """Maps of the frozen part where there is one, else pixels.

    Args:
        backbone: to be tuned.
        opened: the part of it that learns.
        material: the photos.
        learned: which of them any fit learns from.
        around: where fits run.
        folder: for maps.
        device: of the engine that runs the frozen part, as for `open_engine`.
        precision: likewise.
    """
    augmentation = Augmentation()
    if opened.trunk is None:
        return Pictures(material.photos, backbone.preprocessing, augmentation, material.seed, material.limits)
    engine = open_engine(opened.trunk, device=device, precision=precision)
    return Maps(
        material.photos, learned, engine, opened.shape, folder / "maps", augmentation, material.seed, material.limits,
        around.team,
    )  # fmt: skip
