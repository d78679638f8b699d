"""How the learning rate rises and falls over the steps of a fit."""

from __future__ import annotations

import itertools
import math

from enxerto.errors import UnknownNameError

SCHEDULES = ("constant", "exponential", "step", "cosine", "one-cycle")

LAST = 0.01
"""What the exponential schedule falls to."""

CYCLE = ((0.0, 0.1), (0.45, 1.0), (0.9, 0.1), (1.0, 0.001))
"""Corners of one-cycle: position in [0, 1], factor."""


def factor(schedule: str, warmup: float, step: int, steps: int) -> float:
    """The learning rate of a step as a share of its full height.

    The rate first rises linearly for the share `warmup` of the steps, and is at its full height at the step after them.
    Of the steps that are left, with p from 0 to just below 1:

    * `constant`: 1.
    * `exponential`: 0.01 ** p.
    * `step`: 1; 0.1 from p = 1/2; 0.01 from p = 3/4.
    * `cosine`: (1 + cos(πp)) / 2.

    `one-cycle` has a rise of its own and no other: from 0.1 to 1 over 45 % of all steps, back to 0.1 over as many, and
    down to 0.001 over the rest, linearly; momentum stays as it is.

    Args:
        schedule: one of `SCHEDULES`.
        warmup: in [0, 1).
        step: counted from 0.
        steps: how many there are in all, more than `step`.

    Returns:
        In (0, 1].

    Raises:
        UnknownNameError: there is no such schedule.

    Reference: Goyal et al. 2017, arXiv:1706.02677, section 2.2 (warm-up); He et al. 2016, arXiv:1512.03385, section
    4.2 (step); Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5 (cosine); Smith 2018, arXiv:1803.09820, section 4.1
    (one-cycle).
    """
    assert 0 <= step < steps, (step, steps)
    if schedule == "one-cycle":
        return _cycle(step / steps)
    rise = min(round(warmup * steps), steps - 1)
    if step < rise:
        return (step + 1) / (rise + 1)
    position = (step - rise) / (steps - rise)
    match schedule:
        case "constant":
            return 1.0
        case "exponential":
            return math.pow(LAST, position)
        case "step":
            return 1.0 if position < 0.5 else 0.1 if position < 0.75 else 0.01
        case "cosine":
            return (1 + math.cos(math.pi * position)) / 2
    raise UnknownNameError("schedule", schedule, SCHEDULES)


def _cycle(position: float) -> float:
    for (start, begin), (stop, end) in itertools.pairwise(CYCLE):
        if position < stop:
            return begin + (end - begin) * (position - start) / (stop - start)
    return CYCLE[-1][1]
