"""Which backbone to take: the best, the fastest within noise of it, the smallest within noise of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from enxerto.evaluation import Comparison
from enxerto.evaluation.effects import paired_effect
from enxerto.evaluation.intervals import mean_interval, paired_difference
from enxerto.jobs.comparing.solving import Answers
from enxerto.report import Found, Wishes


@dataclass(frozen=True)
class Cost:
    """What a backbone takes: milliseconds a photo, and bytes of weights."""

    milliseconds: float
    size_bytes: int


def by_accuracy(solved: Mapping[str, Answers]) -> list[str]:
    """Names, the most accurate first; equal ones by log loss."""
    return sorted(solved, key=lambda name: (-solved[name].right.mean(), solved[name].losses.mean()))


def found_of(each: Answers, best: Answers) -> Found:
    """A backbone's figures, with how far it is behind the best, photo by photo."""
    against = None if each is best else comparison(best, each)
    return Found(
        accuracy=mean_interval(each.right, each.groups),
        log_loss=paired_effect(each.losses[:, None], each.groups),
        behind=None if against is None else paired_difference(each.right, best.right, best.groups),
        worse=against is not None and against.better,
    )


def comparison(best: Answers, each: Answers) -> Comparison:
    """The best against another one, on the same photos."""
    return Comparison(
        gain=paired_difference(best.right, each.right, best.groups),
        loss_change=paired_effect((best.losses - each.losses)[:, None], best.groups),
    )


def wishes(solved: Mapping[str, Answers], costs: Mapping[str, Cost]) -> Wishes | None:
    """Which to take; `None` where there is nothing to choose from.

    A backbone is as good as the best unless the best makes fewer mistakes, or has a lower log loss, beyond noise: log
    loss tells them apart where mistakes are too few to.

    Args:
        solved: answers on the same photos, by name, of backbones that may be taken.
        costs: by name.
    """
    if not solved:
        return None
    order = by_accuracy(solved)
    best = solved[order[0]]
    as_good = [name for name in order if solved[name] is best or not comparison(best, solved[name]).better]
    return Wishes(
        best=order[0],
        fastest=min(as_good, key=lambda name: costs[name].milliseconds),
        smallest=min(as_good, key=lambda name: costs[name].size_bytes),
    )
