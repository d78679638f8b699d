"""The control: the same head on the same backbone with random weights, on a sample of the photos."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial

import numpy as np
from numpy.typing import NDArray

from enxerto.backbones import Backbone
from enxerto.data import Limits, PhotoSet
from enxerto.data.split import held_apart
from enxerto.engines import Engine, open_engine
from enxerto.evaluation import Control, control
from enxerto.features import extract, open_store
from enxerto.heads import ClassWeight
from enxerto.progress import Advance, Progress
from enxerto.types import Features, Labels

SAMPLE = 200
PER_CLASS = 4


def prepare_control(engine: Engine, seed: int, backbone: Backbone | None = None) -> Future[Engine]:
    """Open the same kind of engine on random weights in the background.

    Converting a network keeps one processor busy; the photos' features can be made meanwhile.

    Args:
        engine: that makes the features; the control runs with the same precision.
        seed: of the random weights.
        backbone: whose features are compared, where they are not those of the engine.
    """
    aside = ThreadPoolExecutor(1, thread_name_prefix="enxerto-control")
    drawn = (backbone or engine.backbone).randomized(seed)
    random = aside.submit(open_engine, drawn, device=engine.device, precision=engine.precision)
    aside.shutdown(wait=False)
    return random


def run_control(
    photos: PhotoSet,
    features: Features,
    labels: Labels,
    groups: NDArray[np.int64],
    classes: tuple[str, ...],
    random: Future[Engine],
    *,
    class_weight: ClassWeight,
    seed: int,
    cache: bool,
    limits: Limits | None,
    progress: Progress,
) -> Control | None:
    """Compare pretrained with random weights by cross-validation on at most 200 photos, or four a class.

    A class that is in one group only can't take part: there would be nothing of it to learn from, or to measure on.

    Args:
        photos: n readable photos.
        features: theirs with the pretrained weights, shape (n, features).
        labels: indices into `classes`, shape (n,).
        groups: photos of one group stay together, shape (n,).
        classes: names.
        random: the engine with random weights, as `prepare_control` gives it.
        class_weight: as for the head that is compared.
        seed: of the sample.
        cache: keep the random weights' features.
        limits: of bytes and pixels a photo.
        progress: how to show it.

    Returns:
        `None` when there are too few photos to cross-validate two classes.
    """
    chosen = stratified_sample(labels, max(SAMPLE, PER_CLASS * len(classes)), seed)
    chosen = chosen[held_apart(labels[chosen].tolist(), groups[chosen].tolist())]
    present, numbers = np.unique(labels[chosen], return_inverse=True)
    if len(present) < 2:
        return None
    engine = random.result()
    with open_store(engine, keep=cache) as store:
        shown = partial(_as_control, progress)
        table = extract(photos.subset(chosen.tolist()), engine, store, limits=limits, progress=shown)
        random_features = table.matrix()
    return control(
        features[chosen],
        random_features,
        numbers,
        tuple(classes[index] for index in present),
        groups=groups[chosen],
        class_weight=class_weight,
        seed=seed,
    )


def _as_control(
    progress: Progress, _description: str, total: int, _unit: str = "photos", /
) -> AbstractContextManager[Advance]:
    return progress("control on random weights", total)


def stratified_sample(labels: Labels, size: int, seed: int) -> NDArray[np.int64]:
    """Indices of at most `size` photos, ascending, taking from every class in turn."""
    generator = np.random.default_rng(seed)
    queues = [generator.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    longest = max(map(len, queues))
    in_turn = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return np.sort(np.array(in_turn[:size], dtype=np.int64))
