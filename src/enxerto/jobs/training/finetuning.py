"""Fine-tuning as one of the ways to a classifier: from the probe's rounds to a tuned network and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.backbones.stages import stages
from enxerto.data import PhotoSet
from enxerto.engines import Engine, has_native_bf16, open_engine
from enxerto.errors import OptionError
from enxerto.evaluation.results import Defense
from enxerto.features import extract_views
from enxerto.heads import Decisions
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.training.settings import Settings
from enxerto.jobs.training.watching import log_problems, watcher
from enxerto.report.contents import TuningCard
from enxerto.training import in_order, rounds
from enxerto.tuning import Material, Recipe, Surroundings, Team, Tuned, fine_tune, read_tricks, require_possible
from enxerto.tuning.limits import LIMITS
from enxerto.tuning.scaling import rescaled


@dataclass(frozen=True)
class Plan:
    """What is the same for every fit of a job.

    Attributes:
        recipe: how.
        backbone: to be tuned.
        engine: that made the features.
        team: of processes.
        folder: for checkpoints, maps and the history.
        logs: where else the history goes, as `enxerto.jobs.training.watching` has it.
        title: of the run.
        settings: of the job.
    """

    recipe: Recipe
    backbone: Backbone
    engine: Engine
    team: Team
    folder: Path
    logs: Sequence[str]
    title: str
    settings: Settings

    def tune(
        self, labelled: LabelledPhotos, vectors: NDArray[np.float32], sides: Sequence[str]
    ) -> tuple[Tuned, Decisions]:
        """Tune in every round that the sides make, and once on all photos after cross-validation.

        Args:
            labelled: n photos.
            vectors: features of theirs to solve the first head on, shape (n, views, features).
            sides: of each photo. `val` chooses the best weights where there is a `test`.

        Returns:
            What came out, and the decisions on the photos evaluated, in the order of the photos.

        Raises:
            DataError: a class has too few photos to hold one out.
        """
        planned = rounds(sides, len(labelled.labels))
        every = np.arange(len(labelled.labels))
        more = [(every, every[:0])] if len(planned) > 1 else []
        side_of = np.asarray(sides)
        validation = np.flatnonzero(side_of == "val") if "test" in side_of else every[:0]
        backbone = rescaled(self.backbone, self.recipe.scaling)
        if backbone.preprocessing.mirror:  # mirrored views are learned from anyway, and a cut network can't mirror
            once = replace(backbone.preprocessing, mirror=False)
            backbone = replace(backbone, entry=replace(backbone.entry, preprocessing=once))
        if backbone is not self.backbone:
            vectors = self._rescaled(backbone, labelled.photos, vectors.shape[1])
        material = Material(
            photos=labelled.photos,
            content=labelled.content,
            labels=labelled.labels,
            classes=labelled.classes,
            groups=labelled.groups,
            features=vectors,
            validation=validation,
            class_weight=self.settings.class_weight,
            coverage=self.settings.coverage,
            seed=self.settings.seed,
            limits=self.settings.limits,
        )
        logs = self.logs if self.team.leads else ()
        with watcher(self.folder, logs, dict(recipe_rows(self.recipe)), self.title) as watch:
            tuned = fine_tune(
                backbone,
                material,
                [*planned, *more],
                self.recipe,
                Surroundings(
                    device=tuning_device(self.engine),
                    bf16=tunes_in_bf16(self.recipe, self.engine),
                    team=self.team,
                    progress=self.settings.progress,
                    watch=watch,
                ),
                folder=self.folder,
                engine_device=self.engine.device,
                precision=self.engine.precision,
            )
        decisions, _ = in_order(tuned.decisions, [evaluated for _, evaluated in planned])
        return tuned, decisions

    def _rescaled(self, backbone: Backbone, photos: PhotoSet, views: int) -> NDArray[np.float32]:
        engine = open_engine(backbone, device=self.engine.device, precision=self.engine.precision)
        settings = self.settings
        return extract_views(
            photos, engine, views, seed=settings.seed, keep=settings.cache, limits=settings.limits,
            progress=settings.progress,
        ).vectors  # fmt: skip


def recipe_rows(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """Every knob with its value as it is typed."""
    return tuple((knob.name, LIMITS[knob.name].text(getattr(recipe, knob.name))) for knob in fields(recipe))


def tuning_card(tuned: Tuned, defense: Defense | None = None) -> TuningCard:
    """What a report shows of fine-tuning, and of how it withstands attacks."""
    return TuningCard(
        recipe=recipe_rows(tuned.recipe),
        stages=tuned.learning,
        parameters=tuned.parameters,
        fits=tuned.fits,
        finder=tuned.found.curve if tuned.found is not None else (),
        suggested_rate=tuned.found.rate if tuned.found is not None else None,
        defense=defense,
    )


def count_stages(backbone: Backbone) -> int:
    """How many stages of a network can learn."""
    return len(stages(backbone.network, backbone.layer))


def tuning_device(engine: Engine) -> str:
    """Where the learning part runs: on the GPU that the features came from, else on the CPU."""
    return engine.device if engine.device.startswith("cuda") else "cpu"


def tunes_in_bf16(recipe: Recipe, engine: Engine) -> bool:
    """Whether to compute in bfloat16: `auto` does where the processor has it natively."""
    if recipe.precision != "auto":
        return recipe.precision == "bf16"
    if tuning_device(engine) == "cpu":
        return has_native_bf16()
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def requested_recipe(
    finetune: Recipe | bool,
    tricks: Sequence[str],
    logs: Sequence[str],
    photos: PhotoSet,
    backbone: Backbone,
    team: Team,
    *,
    slim: bool,
    resume: bool,
) -> Recipe | None:
    """The recipe asked for, checked before a photo is read; `None` when fine-tuning wasn't asked for."""
    if finetune is False:
        if tricks or logs or resume or team.size > 1:
            which = "`tricks`" if tricks else "`logs`" if logs else "`resume`" if resume else "several processes"
            raise OptionError(f"{which} belong to fine-tuning; add --finetune")
        return None
    recipe, problems = read_tricks(Recipe() if finetune is True else finetune, tricks)
    problems += log_problems(logs)
    if slim:
        problems.append("a fine-tuned backbone's weights are nowhere but in the model; leave --slim out")
    learned = sum(photo.split in (None, "train") for photo in photos.photos)
    require_possible(
        recipe, photos=learned, classes=len(photos.classes), processes=team.size, stages=count_stages(backbone),
        others=problems,
    )  # fmt: skip
    return recipe
