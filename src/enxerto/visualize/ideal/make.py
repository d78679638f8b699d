"""Several ideal images at once: each by itself, on as many threads as keep the networks busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch

from enxerto.classifier import Classifier
from enxerto.progress import Progress, silent
from enxerto.types import Images
from enxerto.visualize.ideal.ascent import Ascent
from enxerto.visualize.ideal.image import IdealImage
from enxerto.visualize.ideal.objective import Aim, Target, aims_of
from enxerto.visualize.ideal.problems import require_possible
from enxerto.visualize.ideal.recipe import ROBUST, IdealRecipe
from enxerto.visualize.ideal.start import NOISE, Start, start_problem

Judge = Callable[[Images, Sequence[str]], Sequence[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]]]
"""Images, uint8 (batch, height, width, 3), and the name of each one's target, to whether it is recognized."""


def ideal_images(
    classifiers: Sequence[Classifier],
    targets: Sequence[Target],
    recipe: IdealRecipe = ROBUST,
    seeds: Sequence[int] = (0,),
    *,
    start: Start = NOISE,
    judge: Judge | None = None,
    progress: Progress = silent,
) -> list[IdealImage]:
    """Make the ideal image of each target with each seed.

    An image depends on its target, seed, recipe, start and networks, to the last bit, and on nothing else, unless
    `recipe.diversity` pushes images of one target apart. The networks are left as they are.

    Args:
        classifiers: whose opinion counts; several work as an ensemble, each seeing the image at its own size.
        targets: classes by name or index, channels, or directions.
        recipe: how they are made.
        seeds: of everything random.
        start: `noise`, a color such as `#8090a0`, or a photo, uint8 (height, width, 3).
        judge: asked at the measured steps; an image that it recognizes is done.
        progress: how to show it.

    Returns:
        Targets in order, and each one's seeds in order.

    Raises:
        UnknownNameError: a class or layer that isn't there; the message lists near matches.
        OptionError: anything else that can't work; all of it at once.
        EngineError: a network can't run on the device asked for.
    """
    problem = start_problem(start)
    require_possible(recipe, seeds, [problem] if problem is not None else [])
    aims = aims_of(classifiers, targets, recipe.objective, recipe.batch_norm, recipe.thin, recipe.precision)
    began = time.perf_counter()
    with _one_thread_each(), torch.enable_grad():
        _open(aims, recipe)
        ascents = [Ascent(aim, seed, recipe, start) for aim in aims for seed in seeds]
        workers = min(len(ascents), max(asked.source.engine.workers for aim in aims for asked in aim.asked))
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            _climb(ascents, recipe, judge, pool, progress)
    seconds = (time.perf_counter() - began) / len(ascents)
    names = tuple(classifier.backbone.name for classifier in classifiers)
    return [_result(ascent, names, seconds) for ascent in ascents]


def _open(aims: Sequence[Aim], recipe: IdealRecipe) -> None:
    """Open every engine before threads ask for it."""
    for source in {asked.source for aim in aims for asked in aim.asked}:
        _ = source.full, recipe.small and source.reduced


def _climb(
    ascents: Sequence[Ascent], recipe: IdealRecipe, judge: Judge | None, pool: ThreadPoolExecutor, progress: Progress
) -> None:
    """From one measured step to the next, until every image is done."""
    with progress("ideal images", len(ascents) * recipe.steps, "steps") as advance:
        done = 0
        for goal in measured_steps(recipe):
            climbing = [ascent for ascent in ascents if not ascent.stopped]
            if not climbing:
                break
            count = goal - done
            for stride in [1] * count if recipe.diversity else [count]:
                if recipe.diversity:
                    _introduce(climbing, ascents)
                list(pool.map(Ascent.advance, climbing, [stride] * len(climbing)))
            list(pool.map(Ascent.measure, climbing))
            done = goal
            if judge is not None:
                _ask(judge, climbing)
            advance(len(climbing) * count)


def measured_steps(recipe: IdealRecipe) -> list[int]:
    """After which steps images are measured: at equal distances, the last one included."""
    measured = {round(recipe.steps * number / recipe.frames) for number in range(1, recipe.frames + 1)}
    return sorted(measured - {0})


def _introduce(climbing: Sequence[Ascent], ascents: Sequence[Ascent]) -> None:
    """Show every image how the others of its target look."""
    looks = [ascent.look() for ascent in ascents]
    for ascent in climbing:
        others = [look for other, look in zip(ascents, looks, strict=True) if ascent.is_sibling_of(other)]
        ascent.others = torch.stack(others) if others else None


def _ask(judge: Judge, climbing: Sequence[Ascent]) -> None:
    waiting = [ascent for ascent in climbing if not ascent.stopped]
    if waiting:
        images = np.stack([ascent.frames[-1] for ascent in waiting])
        for ascent, agreed in zip(waiting, judge(images, [ascent.aim.name for ascent in waiting]), strict=True):
            if agreed:
                ascent.stopped = "the verifiers agree"


def _result(ascent: Ascent, networks: tuple[str, ...], seconds: float) -> IdealImage:
    return IdealImage(
        target=ascent.aim.name,
        index=ascent.aim.index,
        seed=ascent.seed,
        networks=networks,
        image=ascent.frames[-1],
        steps=tuple(ascent.steps),
        frames=np.stack(ascent.frames),
        stopped=ascent.stopped,
        seconds=seconds,
        recipe=ascent.recipe,
    )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """PyTorch on one thread: images share the processors, and sums have one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
