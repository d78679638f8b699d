"""Fits by many recipes on the same photos, each measured on photos that no fit learns from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.heads.calibration import fit_temperature
from enxerto.tuning.answers import answers
from enxerto.tuning.bench import Bench, open_inputs
from enxerto.tuning.inputs import Inputs
from enxerto.tuning.material import Material, Rows, Start
from enxerto.tuning.network import Opened, open_tail
from enxerto.tuning.recipe import Recipe
from enxerto.tuning.scaling import rescaled
from enxerto.tuning.task import Surroundings
from enxerto.types import Logits


@dataclass(frozen=True)
class Trial:
    """What one fit gave.

    Attributes:
        logits: of the unseen photos, over the fit's own temperature; float64, shape (photos, classes).
        seconds: that learning took, without the maps of frozen stages and the solved head, which fits share.
        at_start: no epoch was better than the start, so that these are its logits.
    """

    logits: Logits
    seconds: float
    at_start: bool


@dataclass
class Trials:
    """What fits by different recipes can share is made once: cut networks, maps of frozen stages, solved heads.

    All fits see the same views of the photos. Everything else that is random comes from a fit's own seed: which photos
    it holds out, their order, mixtures, masks and random weights.

    Args:
        backbone: to be tuned; stays as it is.
        material: the photos; none of them for validation, so that each fit holds out its own.
        learned: rows that fits may learn from.
        unseen: rows that no fit learns from.
        folder: for maps.
        engine_device: of the engine that runs frozen parts, as for `open_engine`.
        precision: likewise.
        features_of: the features of all photos as a backbone sees them, float32, shape (n, views, features).
    """

    backbone: Backbone
    material: Material
    learned: Rows
    unseen: Rows
    folder: Path
    engine_device: str
    precision: str
    features_of: Callable[[Backbone], NDArray[np.float32]]
    _backbones: dict[str, Backbone] = field(default_factory=dict)
    _features: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _tails: dict[tuple[str, int | None, str], Opened] = field(default_factory=dict)
    _inputs: dict[tuple[str, int | None], Inputs] = field(default_factory=dict)
    _starts: dict[tuple[str, str, int], Start] = field(default_factory=dict)

    def run(self, name: str, recipe: Recipe, seed: int, around: Surroundings) -> Trial:
        """Fit by a recipe.

        Args:
            name: of the fit.
            recipe: how.
            seed: of this fit.
            around: where it runs; no checkpoints are kept.

        Raises:
            DataError: the photos can't be learned from in this way.
            StorageError: the disk is full.
        """
        backbone = self._rescaled(recipe.scaling)
        opened = self._opened_tail(backbone, recipe)
        inputs = self._opened_inputs(backbone, opened, recipe, around)
        for view in sorted({epoch % recipe.views for epoch in range(recipe.epochs + 1)}):
            inputs.prepare(view, around.progress)
        material = replace(self.material, seed=seed, features=self._features[recipe.scaling])
        learn, chosen_by = material.parts(self.learned, recipe.held_out)
        key = recipe.scaling, recipe.initialization, seed
        if key not in self._starts:
            self._starts[key] = material.start(learn, recipe.initialization)
        bench = Bench(name, backbone, opened, inputs, material, learn, chosen_by, self._starts[key], around, None)
        begun = time.perf_counter()
        if recipe.learning_rate == "find":
            recipe = replace(recipe, learning_rate=bench.find(recipe).rate)
        fitted = bench.fit(recipe)
        _, judged = answers(fitted.network, inputs, chosen_by, around)
        if recipe.refit:
            _, fitted = bench.refit(recipe, self.learned, fitted)
        seconds = time.perf_counter() - begun
        _, logits = answers(fitted.network, inputs, self.unseen, around)
        at_start = all(fit.best == 0 for fit in fitted.histories)
        return Trial(logits / fit_temperature(judged, material.labels[chosen_by]), seconds, at_start)

    def close(self) -> None:
        """Let go of the files of maps."""
        for inputs in self._inputs.values():
            inputs.close()
        self._inputs.clear()

    def _rescaled(self, scaling: str) -> Backbone:
        if scaling not in self._backbones:
            backbone = rescaled(self.backbone, scaling)
            unchanged = backbone is self.backbone
            self._features[scaling] = self.material.features if unchanged else self.features_of(backbone)
            self._backbones[scaling] = backbone
        return self._backbones[scaling]

    def _opened_tail(self, backbone: Backbone, recipe: Recipe) -> Opened:
        key = recipe.scaling, recipe.stages, recipe.batch_norm
        if key not in self._tails:
            self._tails[key] = open_tail(backbone, recipe)
        return self._tails[key]

    def _opened_inputs(self, backbone: Backbone, opened: Opened, recipe: Recipe, around: Surroundings) -> Inputs:
        key = recipe.scaling, recipe.stages
        if key not in self._inputs:
            learned = np.isin(np.arange(len(self.material.labels)), self.learned)
            self._inputs[key] = open_inputs(
                backbone, opened, self.material, learned, around, self.folder, self.engine_device, self.precision
            )
        return self._inputs[key]
