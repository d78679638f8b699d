"""Does transfer help on these photos, and what to do: lifts, the domain distance and the layer in sentences."""

from __future__ import annotations

from enxerto.evaluation.results import Control, Domain, LayerScore, LayersTried, Scratch
from enxerto.report.wording import (
    count,
    isolated,
    percent,
    percent_interval,
    points,
    points_with_interval,
)

LAST = "last"


def scratch_sentence(scratch: Scratch) -> str:
    """What transfer adds over a small network trained from scratch."""
    ended = ", cut short by the clock" if scratch.cut_short else ""
    return (
        f"A network of {scratch.parameters:,} parameters, trained from scratch at {scratch.side_px} pixels "
        f"for {count(scratch.epochs, 'epoch')}{ended}, is right on {percent(scratch.scratch.value)} "
        f"({percent_interval(scratch.scratch)}) of {count(scratch.photos, 'photo')}, the head on pretrained features "
        f"on {percent(scratch.pretrained.value)}, both having learned from the same {count(scratch.learned, 'photo')}: "
        f"transfer changes accuracy by {points_with_interval(scratch.lift)}."
    )


def domain_sentence(domain: Domain) -> str:
    """How far the photos are from those that the network was trained on; ImageNet's, for most."""
    share, far = domain.share, "far from" if domain.far else "near"
    return (
        f"These photos are {far} those that the network was trained on: {_whole(share.value)} of the way to pure "
        f"noise ({_whole(share.low)} to {_whole(share.high)}), by what the network's normalizations see of "
        f"{count(domain.photos, 'photo')}."
    )


def layers_sentence(layers: LayersTried) -> str:
    """Which layer's features transfer best."""
    best, last = layers.chosen, _last(layers)
    if best is last:
        return f"No layer's features transfer better than the last one's: {percent(best.accuracy.value)} right."
    return (
        f"Features of {isolated(best.name)} transfer best: {percent(best.accuracy.value)} right, those of the last "
        f"layer {percent(last.accuracy.value)}, cross-validated on {count(layers.photos, 'photo')} that may be "
        "learned from."
    )


def advice(
    control: Control | None,
    scratch: Scratch | None,
    domain: Domain | None,
    layers: LayersTried | None,
    *,
    layer: str = LAST,
) -> str:
    """What to do, in a sentence or two; empty where nothing was measured that says it.

    Args:
        control: against random weights.
        scratch: against a small network trained from scratch.
        domain: how far the photos are from ImageNet's.
        layers: which layer transfers best.
        layer: that the figures are of, where no other was tried.
    """
    if control is None and scratch is None:
        return ""
    sentence = _worth(control, scratch)
    follow = _where(domain, layers, layer)
    return f"{sentence} {follow}".strip()


def _worth(control: Control | None, scratch: Scratch | None) -> str:
    """Whether to take pretrained features at all."""
    if scratch is not None and scratch.lift.high < 0:
        return (
            "Don't rely on frozen features here: a small network trained from scratch is better beyond noise, by "
            f"{points(-scratch.lift.value)}. Tune the whole network (--finetune), or train one of your own."
        )
    if scratch is not None and not scratch.lift.low > 0:
        return (
            "Transfer is not shown to be worth it here: a small network trained from scratch does as well. Take "
            "what is easier to run."
        )
    if control is not None and not control.lift.low > 0:
        return (
            "Pretrained weights are not shown to help: random ones do as well"
            + (", though a small network trained from scratch does worse." if scratch is not None else
               ". Train with --scratch to see what a small network of your own would do.")
        )  # fmt: skip
    over = [f"{points(control.lift.value)} over random weights"] if control is not None else []
    over += [f"{points(scratch.lift.value)} over a network trained from scratch"] if scratch is not None else []
    return f"Transfer helps here: {' and '.join(over)}."


def _where(domain: Domain | None, layers: LayersTried | None, layer: str) -> str:
    """Which features to take."""
    far = domain is not None and domain.far
    if layers is not None:
        best = isolated(layers.chosen.name)
        if layers.gain is None:
            return "Of the layers, the last one's features are as good as any."
        if layers.gain.low > 0:
            why = ", as far from the network's training photos as these are" if far else ""
            return (
                f"Of the layers, take {best} (--layer){why}: its features are better than the last one's beyond noise."
            )
        return f"Of the layers, stay with the last: {best} is not shown to be better."
    if layer != LAST:
        return ""
    if far:
        return "These photos are far from the network's own: an earlier layer may transfer better; try --layer auto."
    return "These photos are near the network's own, so its last layer is the place to start." if domain else ""


def _last(layers: LayersTried) -> LayerScore:
    return next(score for score in layers.scores if score.name == LAST)


def _whole(share: float) -> str:
    return f"{100 * share:.0f} %"
