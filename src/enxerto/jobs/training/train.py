"""From a folder of photos to a classifier with an honest figure: the main job."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

from enxerto.backbones import AUTO, DEFAULT, LAST, open_backbone
from enxerto.classifier import Classifier, require_free, require_slimmable
from enxerto.data import (
    Limits,
    Split,
    examine,
    list_photos,
    require_trainable,
)
from enxerto.engines import Engine
from enxerto.errors import OptionError
from enxerto.evaluation import Control
from enxerto.evaluation.results import LearningCurve
from enxerto.features import engine_for, extract, open_store
from enxerto.heads import ClassWeight
from enxerto.jobs.explaining.mistakes import mistake_overlays
from enxerto.jobs.labelled import LabelledPhotos
from enxerto.jobs.provenance import Stopwatch, backbone_card, now, versions
from enxerto.jobs.report import thumbnails_of
from enxerto.jobs.training.agreement import agreement_with_fp32
from enxerto.jobs.training.control import prepare_control, run_control
from enxerto.jobs.training.domain import run_domain
from enxerto.jobs.training.finetuning import Plan, requested_recipe, tuning_card
from enxerto.jobs.training.layers import with_gain
from enxerto.jobs.training.saving import extra_files, save_model
from enxerto.jobs.training.scratch import run_scratch
from enxerto.jobs.training.settings import Settings
from enxerto.jobs.training.sides import leaked_into, learned_from, placed, sides_of, without_photos
from enxerto.jobs.training.trained import Trained
from enxerto.jobs.training.trying import try_ways
from enxerto.jobs.training.unfinished import unfinished_run
from enxerto.jobs.training.unmeasured import Asked, measures_nothing, train_unmeasured
from enxerto.jobs.training.watching import HISTORY, history_lines
from enxerto.jobs.training.ways import ON_LAYER, choose
from enxerto.progress import Progress, silent
from enxerto.report import ReportContents, render, render_unmeasured
from enxerto.training import rounds
from enxerto.tuning import Recipe, join_team
from enxerto.types import Features


def train(
    source: str | Path,
    output: str | Path | None = None,
    *,
    backbone: str = DEFAULT,
    layer: str = LAST,
    pooling: str = "average",
    size_px: int | None = None,
    crop: float | None = None,
    mirror: bool = False,
    weights: str | Path | None = None,
    label_pattern: str | None = None,
    split: str | Path | None = None,
    folds: int = 5,
    holdout: float | None = None,
    class_weight: ClassWeight = None,
    coverage: float = 0.95,
    control: bool = True,
    scratch: bool = False,
    precision: str = "auto",
    device: str = "auto",
    offline: bool = False,
    views: int = 1,
    finetune: Recipe | bool = False,
    tricks: Sequence[str] = (),
    logs: Sequence[str] = (),
    resume: bool = False,
    curve: bool = True,
    slim: bool = False,
    force: bool = False,
    cache: bool = True,
    seed: int = 0,
    limits: Limits | None = None,
    command: str | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a classifier on a folder of photos and evaluate it on photos that it has not learned from.

    Photos of a class that has a single one are learned from and not evaluated. Where fewer than two classes can be
    evaluated, the classifier comes without figures, and says so.

    Args:
        source: a folder per class, `train/` and `test/` above that, a flat folder with `label_pattern`, or a CSV file.
        output: directory to save the model in; it must not exist.
        backbone: as in `enxerto backbones list`.
        layer: where features come from: `last`, or a module inside the network, with `:2x2` behind it for the averages
            over a 2x2 grid; or `auto`, which tries the ends of all stages, and keeps the best if it is better than the
            last one beyond noise.
        pooling: `average`, `max` or `grid2`, where the layer doesn't say it.
        size_px: side of the square that the backbone looks at; by default what it was trained with.
        crop: part of a photo's shorter side that the square covers.
        mirror: look at the mirror image, too, and average what is seen; it takes twice the time.
        weights: a `.safetensors` file of the backbone's weights.
        label_pattern: regular expression whose one group is the label, matched to the stem of each file name.
        split: a CSV file that says which photo is on which side, as a saved model's `split.csv`.
        folds: of the cross-validation, where no split is given.
        holdout: hold out this share of the photos instead of cross-validating.
        class_weight: `balanced` lets every class count the same.
        coverage: how often prediction sets shall hold the true class.
        control: also train on the same backbone with random weights, to see whether transfer helps, and measure how
            far the photos are from ImageNet's.
        scratch: also train a small network from scratch, for a minute or so, to see what transfer is worth.
        precision: `auto`, `fp32` or `bf16` for making features; the saved model predicts in fp32 either way.
        device: `auto`, `openvino`, `torch` or `cuda`.
        offline: never download.
        views: also solve a head on the features of so many views of each photo (random crops, flipped, recolored), and
            keep it if it is better beyond noise.
        finetune: also tune the backbone from the solved head, by this recipe or the default one, and keep it if it is
            better beyond noise.
        tricks: settings that change the recipe: `mixup`, `label-smoothing=0.05`, `no-average`, ….
        logs: where the history of fine-tuning goes besides `history.jsonl`: `tensorboard:DIRECTORY`, `mlflow:URI`.
        resume: go on with the fine-tuning that was interrupted at `output`.
        curve: also measure how accuracy grows with the number of photos.
        slim: save the model without the backbone's weights.
        force: replace a model at `output`.
        cache: keep features for the next time.
        seed: of everything random.
        limits: of bytes and pixels a photo.
        command: the command line to print in the report.
        progress: how to show progress.

    Raises:
        DataError: nothing readable, a class without a readable photo, ….
        OptionError: an impossible option.
        WeightsMissingError: the backbone's weights are not here and can't be fetched.
        StorageError: the disk is full.
    """
    team = join_team()
    if layer == AUTO and team.size > 1:
        raise OptionError("`layer` auto is chosen by a single process; leave torchrun out, or name a layer")
    if layer == AUTO and pooling != "average":
        raise OptionError(f"`layer` auto chooses the pooling, too, got `pooling` {pooling!r}; leave one of them out")
    target = None if output is None else Path(output)
    if target is not None and team.leads:
        require_free(target, force=force)
    watch = Stopwatch()
    with watch.stage("listing"):
        photos = list_photos(Path(source), label_pattern=label_pattern)
    with watch.stage("backbone"):
        grafted = open_backbone(
            backbone,
            layer=LAST if layer == AUTO else layer,
            pooling=pooling,
            size_px=size_px,
            crop=crop,
            mirror=mirror,
            file=None if weights is None else Path(weights),
            offline=offline,
        )
        recipe = requested_recipe(finetune, tricks, logs, photos, grafted, team, slim=slim, resume=resume)
        require_trainable(photos, per_class=1)
        if slim and target is not None:
            require_slimmable(grafted)
        engine, choice = engine_for(photos, grafted, device=device, precision=precision, keep=cache, limits=limits)
    random = prepare_control(engine, seed) if control and layer != AUTO else None
    with watch.stage("features"), open_store(engine, keep=cache) as store:
        if team.size > 1 and cache:  # each process makes its part of them, and then finds the others' in the store
            part = photos.subset(range(team.rank, len(photos), team.size))
            extract(part, engine, store, limits=limits, progress=progress)
            team.wait()
        table = extract(photos, engine, store, limits=limits, progress=progress)
        require_trainable(photos, per_class=1, readable=[record.good for record in table.records])
        features = table.matrix()
    with watch.stage("data health"):
        labelled = LabelledPhotos.of(table)
        sides = sides_of(labelled, photos, split, folds, holdout, seed)
        health = examine(photos if split is None else placed(photos, labelled.photos, sides), table.records)
    settings = Settings(class_weight, coverage, cache, seed, limits, progress)
    if measures_nothing(sides):
        asked = Asked(
            str(source), command or f"enxerto train {source}", views, recipe is not None, layer == AUTO, device
        )
        classifier, unknown = train_unmeasured(
            grafted, engine, choice, labelled, features, sides, health, settings, watch, asked
        )
        html = render_unmeasured(unknown)
        if target is not None and team.leads:
            extra = extra_files(labelled, sides, unknown, html)
            save_model(classifier, target, unknown, choice, extra, slim=slim, force=force)
        return Trained(classifier, unknown, html, target)
    with ExitStack() as opened:
        plan = None
        if recipe is not None:
            folder = opened.enter_context(unfinished_run(target, team, resume=resume, force=force))
            plan = Plan(recipe, grafted, engine, team, folder, logs, Path(source).resolve().name, settings)
        tried = try_ways(grafted, engine, labelled, features, sides.sides, settings, watch, views=views, plan=plan,
                         any_layer=layer == AUTO)  # fmt: skip
        leaked = leaked_into(labelled, sides, tried.evaluated, steered=tried.tuned is not None)
        with watch.stage("evaluation"):
            attacked = tried.attacked
            defense = None if attacked is None else attacked.compared(labelled, tried.evaluated[leaked])
            kept, candidates = choose(tried.ways, labelled, tried.evaluated, ~leaked, seed, defense)
            evaluation, seen, without_seen = labelled.measure(
                kept.decisions, tried.evaluated, leaked, protocol=sides.protocol, coverage=coverage, seed=seed
            )
        on_layer = tried.layer if kept.name.startswith(ON_LAYER) else None
        probed = tried.ways[0] if on_layer is None else kept
        with watch.stage("learning curve"):
            grown = _curve(labelled, probed.features, sides, settings) if curve else None
        with watch.stage("control"):
            if control and random is None:
                random = prepare_control(engine, seed, probed.backbone)
            measured = _control(labelled, probed.features, random, settings)
            domain = None
            if control:
                domain = run_domain(grafted, engine, labelled.photos, labelled.labels, labelled.groups, settings)
        learned_alone = None
        if scratch:
            with watch.stage("from scratch"):
                first = probed.features if on_layer is None else on_layer.first
                learned_alone = run_scratch(labelled, first, sides.sides, settings)
        classifier = Classifier(
            backbone=kept.backbone,
            classes=labelled.classes,
            probe=kept.probe,
            learned_from=labelled.content[learned_from(sides, kept.name)],
            device=device,
        )
        with watch.stage("agreement"):
            note = choice.note + agreement_with_fp32(
                classifier, labelled.photos, kept.features, choice.precision, keep=cache, limits=limits
            )
        contents = ReportContents(
            title=Path(source).resolve().name,
            source=str(source),
            command=command or f"enxerto train {source}",
            created=now(),
            seconds=watch.seconds(),
            backbone=backbone_card(kept.backbone),
            engine=f"{engine.name} {engine.precision}",
            precision_note=note,
            regularization=kept.probe.C,
            temperature=kept.probe.temperature,
            health=health,
            evaluation=evaluation,
            control=measured,
            seen=seen,
            without_seen=without_seen,
            versions=versions(),
            seed=seed,
            candidates=candidates,
            tuning=None if tried.tuned is None else tuning_card(tried.tuned, defense),
            curve=grown,
            notes=tried.notes,
            unmeasured=without_photos(labelled, tried.evaluated),
            layers=None if tried.layer is None else with_gain(tried.layer.tried, candidates),
            scratch=learned_alone,
            domain=domain,
        )
        html = render(
            contents,
            thumbnails=thumbnails_of(contents, photos, limits),
            overlays=mistake_overlays(classifier, contents, photos, limits),
        )
        if target is not None and team.leads:
            extra = extra_files(labelled, sides, contents, html)
            if tried.tuned is not None:
                extra[HISTORY] = history_lines(tried.tuned.fits)
            save_model(classifier, target, contents, choice, extra, slim=slim, force=force)
        judged = labelled.judged(kept.decisions, tried.evaluated, leaked)
    return Trained(classifier, contents, html, target, judged)


def _curve(labelled: LabelledPhotos, features: Features, sides: Split, settings: Settings) -> LearningCurve | None:
    """How accuracy grows with the number of photos, measured on the side held out or by cross-validation."""
    from enxerto.evaluation.learning_curve import learning_curve

    learned, evaluated = rounds(sides.sides, len(labelled.labels))[0]
    held_out = "train" in sides.sides
    return learning_curve(
        features, labelled.labels, labelled.classes, groups=labelled.groups, class_weight=settings.class_weight,
        learned=learned if held_out else None, evaluated=evaluated if held_out else None, seed=settings.seed,
    )  # fmt: skip


def _control(
    labelled: LabelledPhotos, features: Features, random: Future[Engine] | None, settings: Settings
) -> Control | None:
    if random is None:
        return None
    return run_control(
        labelled.photos, features, labelled.labels, labelled.groups, labelled.classes, random,
        class_weight=settings.class_weight, seed=settings.seed, cache=settings.cache, limits=settings.limits,
        progress=settings.progress,
    )  # fmt: skip
