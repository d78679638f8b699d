"""What each training trick does on one's own photos: with and without it, paired, within a budget of time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from enxerto.backbones import DEFAULT, Backbone, open_backbone
from enxerto.data import Limits, list_photos, require_trainable
from enxerto.engines import Engine, open_engine
from enxerto.errors import OptionError
from enxerto.features import engine_for, extract_views
from enxerto.jobs.provenance import backbone_card, now, versions
from enxerto.jobs.training.finetuning import recipe_rows, tunes_in_bf16, tuning_device
from enxerto.jobs.training.unfinished import unfinished_run
from enxerto.jobs.tricks.log import RunLog
from enxerto.jobs.tricks.output import require_free_paths, write_tricks
from enxerto.jobs.tricks.photos import Sides, draw, open_sides
from enxerto.jobs.tricks.runs import TrickRuns
from enxerto.jobs.tricks.settings import compared_settings, learning_stages
from enxerto.progress import Progress, silent
from enxerto.report import TricksContents
from enxerto.report.wording import listing
from enxerto.tuning import Recipe, Surroundings, Team
from enxerto.tuning.trials import Trials

EPOCHS = 4
"""Of the default recipe of a comparison: half of fine-tuning's, for more runs in the same time."""


class _EndedEarlyError(Exception):
    """Leaves the folder of an unfinished comparison where it is."""


def compare_tricks(
    source: str | Path,
    output: str | Path | None = None,
    *,
    minutes: float = 10.0,
    seeds: int = 3,
    tricks: Sequence[str] = (),
    recipe: Recipe | None = None,
    backbone: str = DEFAULT,
    weights: str | Path | None = None,
    label_pattern: str | None = None,
    device: str = "auto",
    offline: bool = False,
    resume: bool = False,
    force: bool = False,
    cache: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> TricksContents:
    """Fine-tune with and without each training trick, and measure the difference on photos that no run learned from.

    Each setting is compared with the default recipe, all else equal, under the same seeds and on the same photos. At
    most 400 photos are learned from and 400 measured on. Every run holds a part of its photos out to choose its best
    weights by and to fit its temperature on, so that log losses are those of calibrated answers.

    Ctrl-C ends the comparison early, and what was measured is written and returned.

    Args:
        source: photos as for `train`. A given `val` side, or else `test`, is measured on; otherwise three in ten.
        output: directory for the page, `tricks.html`, and its figures, `tricks.json`; or the path of an HTML file, with
            the figures beside it. `None` writes nothing.
        minutes: for all of it.
        seeds: runs of each setting at most.
        tricks: names of those to compare, or single settings such as `mixup=0.4`; all of them by default.
        recipe: to compare with; by default that of fine-tuning with 4 epochs.
        backbone: as in `enxerto backbones list`.
        weights: a `.safetensors` file of the backbone's weights.
        label_pattern: as for `train`.
        device: `auto`, `openvino`, `torch` or `cuda`.
        offline: never download.
        resume: go on with the comparison that was interrupted at `output`; its time counts.
        force: replace what is at `output`.
        cache: keep features for the next time.
        seed: of the first run and of everything that runs share; further runs count up from it.
        limits: of bytes and pixels a photo.
        command: the command line to print on the page.
        progress: how to show progress.

    Raises:
        DataError: nothing readable, a class with too few photos, ….
        OptionError: an impossible option, recipe or trick; all problems of the recipe and the tricks are listed.
        WeightsMissingError: the backbone's weights are not here and can't be fetched.
        StorageError: the disk is full.
    """
    begun = time.monotonic()
    if not 0 < minutes < float("inf"):
        raise OptionError(f"`minutes` must be a number above 0, got {minutes}")
    if seeds < 1:
        raise OptionError(f"`seeds` must be 1 or more, got {seeds}")
    recipe = Recipe(epochs=EPOCHS) if recipe is None else recipe
    target = None if output is None else Path(output)
    if target is not None:
        require_free_paths(target, force=force, resume=resume)
    listed = list_photos(Path(source), label_pattern=label_pattern)
    grafted = open_backbone(backbone, file=None if weights is None else Path(weights), offline=offline)
    variants = compared_settings(recipe, tricks, grafted, classes=len(listed.classes))
    require_trainable(listed, per_class=3)
    drawn = draw(listed, seed)
    engine, _ = engine_for(drawn.photos, grafted, device=device, keep=cache, limits=limits)
    sides = open_sides(drawn.photos, engine, seed=seed, keep=cache, limits=limits, progress=progress)
    sides.material.parts(sides.learn, recipe.held_out)  # says what is wrong with the photos

    def features_of(other: Backbone) -> NDArray[np.float32]:
        opened = open_engine(other, device=engine.device, precision=engine.precision)
        photos = sides.labelled.photos
        return extract_views(photos, opened, 1, keep=cache, limits=limits, progress=progress).vectors

    try:
        with unfinished_run(target, Team(), resume=resume, force=force) as folder:
            log = RunLog(folder, _identity(sides, grafted, engine, recipe))
            spent = sum(run.total_seconds for run in log.runs)
            comparison = TrickRuns(
                Trials(
                    grafted, sides.material, sides.learn, sides.unseen, folder, engine.device, engine.precision,
                    features_of,
                ),
                recipe, variants, range(seed, seed + seeds),
                Surroundings(tuning_device(engine), tunes_in_bf16(recipe, engine), progress=progress),
                log, begun + 60 * minutes - spent,
            )  # fmt: skip
            with closing(comparison.trials):
                comparison.run()
            contents = TricksContents(
                title=Path(source).resolve().name,
                source=str(source),
                command=command or f"enxerto tricks {source}",
                created=now(),
                backbone=backbone_card(grafted),
                engine=f"{engine.name} {engine.precision}",
                recipe=recipe_rows(recipe),
                stages=tuple(stage.name for stage in learning_stages(recipe, grafted)),
                photos=len(sides.learn),
                validated=len(sides.unseen),
                probe=sides.probe_accuracy(),
                accuracy=sides.accuracy(comparison.right()),
                effects=comparison.effects(sides.groups),
                unmeasured=comparison.unmeasured(),
                minutes=minutes,
                seconds=time.monotonic() - begun + spent,
                versions=versions(),
                seed=seed,
                notes=_notes(drawn.note, comparison),
                interrupted=comparison.interrupted,
            )
            if target is not None:
                write_tricks(contents, target)
            if comparison.interrupted:
                raise _EndedEarlyError
    except _EndedEarlyError:
        pass
    return contents


def _identity(sides: Sides, backbone: Backbone, engine: Engine, recipe: Recipe) -> str:
    """Of everything that decides a run, besides its setting and its own seed."""
    decisive = {
        "photos": sides.identity,
        "backbone": backbone.fingerprint,
        "engine": engine.identity,
        "recipe": asdict(recipe),
        "seed": sides.seed,
        "torch": torch.__version__,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _notes(drawn: str, comparison: TrickRuns) -> tuple[str, ...]:
    notes = [drawn] if drawn else []
    if at_start := comparison.at_start():
        notes.append(
            f"No epoch was better than the start in any run of {listing(list(at_start))}: such runs are measured as "
            "the head that they started from."
        )
    notes += [f"{setting} couldn't be measured: {why}." for setting, why in comparison.problems.items()]
    return tuple(notes)
