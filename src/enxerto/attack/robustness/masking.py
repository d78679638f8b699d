"""Says whether gradients are masked: whether attacks fail for want of gradients, not for want of weakness.

References: Pintor et al. 2022, sec. 3, arXiv:2106.09947 (six indicators of attack failure); the checks of AutoAttack,
Croce & Hein 2020, arXiv:2003.01690; Carlini et al. 2019, sec. 5, arXiv:1902.06705 (unbounded and black box attacks).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from enxerto.attack.robustness.records import MaskingRecord, StandardRecord
from enxerto.attack.robustness.results import MaskingIndicator

INDICATORS = "Pintor et al. 2022, arXiv:2106.09947"
CHECKS = "Croce & Hein 2020, arXiv:2003.01690"
ADVICE = "Carlini et al. 2019, arXiv:1902.06705"
STILL_RISING = 0.05
"""Share of the rise in the last quarter of the steps, above which an attack wasn't finished."""

Figure = Callable[[Sequence[MaskingRecord]], tuple[float, int]]
"""A figure and the number of photos that it was measured on, from photos that are right without a change."""


@dataclass(frozen=True)
class _Rule:
    """An indicator: how it is measured, above which limit it warns, and what it says."""

    name: str
    figure: Figure
    limit: float
    finding: str
    advice: str
    reference: str


def _share(holds: Callable[[MaskingRecord], bool], among: Callable[[MaskingRecord], bool] = lambda _: True) -> Figure:
    def figure(records: Sequence[MaskingRecord]) -> tuple[float, int]:
        chosen = [record for record in records if among(record)]
        return (sum(map(holds, chosen)) / len(chosen) if chosen else 0.0), len(chosen)

    return figure


def _by_margin(change: Callable[[MaskingRecord], float]) -> Figure:
    def figure(records: Sequence[MaskingRecord]) -> tuple[float, int]:
        whole = sum(record.margin for record in records)
        return (sum(map(change, records)) / whole if whole else 0.0), len(records)

    return figure


def _withstood(record: MaskingRecord) -> bool:
    return not record.fooled


RULES = (
    _Rule(
        "unavailable-gradients",
        _share(lambda record: record.flat > 0),
        0.0,
        "On {figure} of {photos} photos the gradient was zero or no number during the attack",
        "such attacks don't know where to go; replace steps without a derivative by smooth ones and attack again",
        INDICATORS,
    ),
    _Rule(
        "saturated-loss",
        _share(lambda record: record.saturated),
        0.0,
        "At {figure} of {photos} photos the gradient of the cross-entropy is zero or no number",
        "the logits are so large that it vanishes; trust only attacks on the margin or the ratio of logits",
        CHECKS,
    ),
    _Rule(
        "unstable-predictions",
        _by_margin(lambda record: record.unstable),
        0.1,
        "Within one grey level around {photos} photos the margin changes by {figure} of itself in the mean",
        "gradients there say little about the surroundings; average them over several points",
        INDICATORS,
    ),
    _Rule(
        "silent-success",
        _share(lambda record: record.lost),
        0.0,
        "On {figure} of {photos} photos the attack's last point fooled once, and not when asked again",
        "success is missed or overstated by chance; average answers over several passes",
        INDICATORS,
    ),
    _Rule(
        "incomplete-optimization",
        _share(lambda record: (record.unfinished or 0.0) > STILL_RISING, _withstood),
        0.25,
        "On {figure} of {photos} photos that withstood, the attack was still gaining in its last quarter",
        "with more steps more photos may fall",
        INDICATORS,
    ),
    _Rule(
        "transfer-failure",
        _share(lambda record: record.mismatched),
        0.02,
        "On {figure} of {photos} photos the attack fools the network that gradients are taken of, but not its answers",
        "the two are not the same network; take gradients of what answers",
        INDICATORS,
    ),
    _Rule(
        "unconstrained-attack-fails",
        _share(lambda record: not record.unbounded),
        0.02,
        "On {figure} of {photos} photos the attack fails even where every pixel may have any value",
        "an attack that works must then succeed; the accuracies under attack are too high",
        INDICATORS,
    ),
    _Rule(
        "random-answers",
        _by_margin(lambda record: record.wavering),
        1e-3,
        "Two answers to the same pixels differ by {figure} of the margin in the mean of {photos} photos",
        "the classifier is random; attacks must average over several passes",
        CHECKS,
    ),
    _Rule(
        "softmax-output",
        _share(lambda record: record.probabilities),
        0.5,
        'For {figure} of {photos} photos the "logits" lie in [0, 1] and sum to 1',
        "they are probabilities, whose gradients vanish; attack the logits below the softmax",
        CHECKS,
    ),
    _Rule(
        "black-box-beats-gradients",
        _share(lambda record: record.black_box is True),
        0.02,
        "On {figure} of {photos} photos Square fools, which asks for answers only, and the gradient attack doesn't",
        "gradients hide a weakness that is there",
        ADVICE,
    ),
)


def summary(records: Sequence[MaskingRecord], standards: Sequence[StandardRecord] = ()) -> tuple[MaskingIndicator, ...]:
    """Every indicator, warnings first.

    Args:
        records: of photos; those that are wrong without a change don't count.
        standards: of AutoAttack, whose own black box may beat its gradient attacks.
    """
    right = [record for record in records if record.right]
    found = [_indicator(rule, *rule.figure(right)) for rule in RULES] if right else []
    if standards:
        found.append(_square(standards))
    return tuple(sorted(found, key=lambda indicator: not indicator.warning))


def _square(standards: Sequence[StandardRecord]) -> MaskingIndicator:
    fooled = sum(record.fell_to == "square" for record in standards)
    tried = sum(record.fell_to in ("square", None) for record in standards)
    rule = _Rule(
        "square-beats-autoattack",
        lambda _: (0.0, 0),
        0.0,
        "Of {photos} photos that withstood the gradient attacks of AutoAttack, {figure} fell to its black box, Square",
        "gradients hide a weakness that is there",
        CHECKS,
    )
    return _indicator(rule, fooled / tried if tried else 0.0, tried)


def _indicator(rule: _Rule, figure: float, photos: int) -> MaskingIndicator:
    warning = photos > 0 and figure > rule.limit
    finding = rule.finding.format(figure=f"{100 * figure:.3g} %", photos=photos)
    return MaskingIndicator(
        name=rule.name,
        figure=figure,
        limit=rule.limit,
        photos=photos,
        warning=warning,
        text=f"{finding}: {rule.advice}." if warning else f"{finding}.",
        reference=rule.reference,
    )
