"""Libraries of attacks, each with its documented defaults but for the number of steps, on the same frozen network."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from benchmarks.attack_task import RADII, SEED, WITHIN, Task
from benchmarks.child import report
from benchmarks.counted_network import Counted, fastest

Run = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Photos and labels of a batch to points, of the same shape."""
ORDERS = {"linf": math.inf, "l2": 2, "l1": 1, "l0": 0}
SEARCHES = 5
"""Trials of the constant that weighs distance against success, where an attack needs them; steps are shared."""


@dataclass(frozen=True)
class Rival:
    """One attack of a library.

    Attributes:
        name: of the attack.
        norm: that it works in.
        run: attacks a batch.
        radius: that it is given; `None` for the smallest change.
    """

    name: str
    norm: str
    run: Run
    radius: float | None = None


def main(_photos: Path) -> dict[str, Any]:
    """Results of the attacks of the library `RIVAL` that finish within `MINUTES` each; and the errors of the others."""
    library = os.environ["RIVAL"]
    called = f"{library} {_version(library)}"
    task = Task.asked()
    network, chosen = fastest(task.classifier, task.pixels)
    signal.signal(signal.SIGALRM, _late)
    try:
        rivals = list(LIBRARIES[library](network, task))
    except Exception as error:  # noqa: BLE001 - that it can't be used, and why, is the answer
        return {"library": called, "runs": [], "errors": [_told(called, error)], **chosen}
    runs, errors = [], []
    for rival in rivals:
        signal.alarm(round(60 * float(os.environ["MINUTES"])))
        try:
            runs.append({**_result(rival, network, task, chosen["batch"]), "library": called})
        except Exception as error:  # noqa: BLE001 - that it fails, and how, is the answer
            errors.append(_told(f"{called}, {rival.name} in {rival.norm}", error))
        finally:
            signal.alarm(0)
    return {"library": called, "runs": runs, "errors": errors, **chosen}


def _result(rival: Rival, network: Counted, task: Task, batch: int) -> dict[str, Any]:
    torch.manual_seed(SEED)
    np.random.seed(SEED)  # they draw from the global generators
    network.forwards = network.backwards = 0
    points = []
    start, processor = time.perf_counter(), time.process_time()
    for pixels, labels in zip(torch.split(task.pixels, batch), torch.split(task.labels, batch), strict=True):
        points.append(rival.run(pixels.clone(), labels.clone()).detach().float().contiguous())
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    counts = {"forwards": network.forwards, "backwards": network.backwards}
    with torch.no_grad():
        fooled = torch.cat([network(part).argmax(1) for part in points]) != task.labels
    result = task.result(rival.name, rival.norm, torch.cat(points).clamp(0, 1), fooled.tolist(), rival.radius)
    return {**result, **counts, "seconds": seconds, "processor_seconds": processor}


def _adv_lib(network: Counted, task: Task) -> Iterator[Rival]:
    """Minimal attacks; it imports visdom, which draws curves only, so that a stand-in does where there is none."""
    if find_spec("visdom") is None:
        sys.modules["visdom"] = MagicMock()
    attacks, search = import_module("adv_lib.attacks"), import_module("adv_lib.attacks.auto_pgd").minimal_apgd
    steps = task.gradients
    for norm, order in ORDERS.items():
        yield Rival("FMN", norm, partial(attacks.fmn, network, norm=order, steps=steps))
    yield Rival("FMN, first step 10", "linf", partial(attacks.fmn, network, norm=math.inf, steps=steps, α_init=10.0))
    yield Rival("DDN", "l2", partial(attacks.ddn, network, steps=steps, levels=None))
    yield Rival("PDGD", "l2", partial(attacks.pdgd, network, num_steps=steps))
    for norm in ("linf", "l1"):
        yield Rival("PDPGD", norm, partial(attacks.pdpgd, network, norm=ORDERS[norm], num_steps=steps))
    for norm, most in (("linf", 1 / 255), ("l2", 0.5)):
        shared = {"max_eps": most, "binary_search_steps": 10, "n_iter": max(1, steps // 10 - 1)}
        yield Rival("APGD within a search of 10 radii", norm, partial(search, network, norm=ORDERS[norm], **shared))
    yield Rival("sigma-zero", "l0", partial(attacks.sigma_zero, network, num_steps=steps))


def _foolbox(network: Counted, task: Task) -> Iterator[Rival]:
    """Minimal attacks."""
    foolbox = import_module("foolbox")
    model, attacks, steps = foolbox.PyTorchModel(network, bounds=(0, 1)), foolbox.attacks, task.gradients

    def run(attack: Any) -> Run:
        return lambda pixels, labels: attack(model, pixels, labels, epsilons=None)[1]

    yield Rival("DDN", "l2", run(attacks.DDNAttack(steps=steps)))
    for norm, name in (("linf", "LInf"), ("l2", "L2"), ("l1", "L1"), ("l0", "L0")):
        yield Rival("FMN", norm, run(getattr(attacks, f"{name}FMNAttack")(steps=steps)))
    elastic = attacks.EADAttack(binary_search_steps=SEARCHES, steps=steps // SEARCHES, decision_rule="L1")
    yield Rival("EAD", "l1", run(elastic))


def _art(network: Counted, task: Task) -> Iterator[Rival]:
    """Minimal attacks, and attacks within a radius."""
    evasion = import_module("art.attacks.evasion")
    classifiers = import_module("art.estimators.classification")
    model = classifiers.PyTorchClassifier(
        network, torch.nn.CrossEntropyLoss(), tuple(task.pixels.shape[1:]),
        len(task.classifier.classes), clip_values=(0.0, 1.0), device_type="cpu",
    )  # fmt: skip
    usual = {"batch_size": 32, "verbose": False}

    def run(attack: Any) -> Run:
        return lambda pixels, labels: torch.from_numpy(attack.generate(pixels.numpy(), labels.numpy()))

    each = max(1, task.gradients // SEARCHES)
    yield Rival("DeepFool", "l2", run(evasion.DeepFool(model, max_iter=max(1, task.gradients // 10), **usual)))
    yield Rival("Carlini-Wagner", "l2", run(
        evasion.CarliniL2Method(model, binary_search_steps=SEARCHES, max_iter=each, **usual)
    ))  # fmt: skip
    yield Rival("EAD", "l1", run(
        evasion.ElasticNet(model, binary_search_steps=SEARCHES, max_iter=each, decision_rule="L1", **usual)
    ))  # fmt: skip
    for norm in WITHIN:
        for radius in RADII[norm]:
            within = {"norm": ORDERS[norm], "eps": radius, "max_iter": task.steps_within(norm), **usual}
            pgd = evasion.ProjectedGradientDescentPyTorch(model, eps_step=radius / 3, **within)
            yield Rival("PGD", norm, run(pgd), radius)
            auto = evasion.AutoProjectedGradientDescent(model, eps_step=radius / 3, nb_random_init=1, **within)
            yield Rival("APGD", norm, run(auto), radius)


def _torchattacks(network: Counted, task: Task) -> Iterator[Rival]:
    """Attacks within a radius."""
    library = import_module("torchattacks")
    for norm, name in (("linf", "Linf"), ("l2", "L2")):
        steps = task.steps_within(norm)
        for radius in RADII[norm]:
            pgd, share = (library.PGD, 4) if norm == "linf" else (library.PGDL2, 5)
            yield Rival("PGD", norm, pgd(network, eps=radius, alpha=radius / share, steps=steps), radius)
            yield Rival("APGD", norm, library.APGD(network, norm=name, eps=radius, steps=steps), radius)


def _late(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"not finished within {os.environ['MINUTES']} minutes")


def _told(what: str, error: Exception) -> str:
    return f"{what}: " + " ".join(f"{type(error).__name__}: {error}".split())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


LIBRARIES: dict[str, Callable[[Counted, Task], Iterator[Rival]]] = {
    "foolbox": _foolbox,
    "adv-lib": _adv_lib,
    "adversarial-robustness-toolbox": _art,
    "torchattacks": _torchattacks,
}
"""By the name of the package."""


if __name__ == "__main__":
    report(main)
