"""What a robustness report shows, in words."""

from __future__ import annotations

from enxerto.attack.robustness.results import Curve, Share, Standard
from enxerto.evaluation.results import Interval
from enxerto.report.robustness.contents import RobustnessContents
from enxerto.report.wording import count, listing, percent, percent_interval, visible

GREYS = 255
SIZES = {
    "linf": "largest change of a value, grey levels",
    "l2": "length of the change, grey levels",
    "l1": "sum of all changes, grey levels",
    "l0": "changed pixels",
}
"""What each norm measures, with its unit."""

ITSELF = "the model itself"
"""The attacked classifier among those that the changed files were shown to."""

MOST_NAMED = 3
"""Parts that are named in a sentence."""

NEW_ATTACK = (
    "Attacks give upper bounds: a photo that withstood all that was tried may still fall to something that wasn't."
)


def interval(share: Share) -> Interval:
    """A share as an interval."""
    return Interval(share.value, share.low, share.high)


def amount(size: float) -> str:
    """The size of a change with a precision that suits it, e.g. "0.62", "12.3", "1,234"; "< 0.01" is not nothing."""
    if 0 < size < 0.005:
        return "<\u00a00.01"
    if size < 9.995:
        return f"{size:.2f}"
    return f"{size:.1f}" if size < 99.95 else f"{size:,.0f}"


def size_words(norm: str, size: float | None) -> str:
    """A size with its unit, e.g. "0.62 grey levels", "14 pixels"; "none found" without one."""
    if size is None:
        return "none found"
    if norm == "l0":
        return count(round(size), "pixel")
    return f"{amount(size)}\u00a0{'grey level' if size == 1 else 'grey levels'}"


def radius_words(norm: str, grey: float) -> str:
    """A radius, e.g. "4 grey levels (linf)"."""
    words = f"{grey:,.4g}\u00a0grey levels" if norm != "l0" else count(round(grey), "pixel")
    return f"{words} ({norm})"


def paper_words(norm: str, radius: float) -> str:
    """A radius as papers state it, for pixels in [0, 1], e.g. "linf 4/255", "l2 0.5"."""
    return f"{norm} {radius * GREYS:.4g}/{GREYS}" if norm == "linf" else f"{norm} {radius:.4g}"


def robustness_sentence(contents: RobustnessContents) -> str:
    """What to know first."""
    model = visible(contents.model)
    model = model[:1].upper() + model[1:] if model.startswith(("the ", "a ")) else model
    clean = contents.clean
    start = f"{model} is right on {percent(clean.value)} of {count(clean.of, 'photo')}"
    curve = leading_curve(contents)
    standard = leading_standard(contents)
    if curve is not None and curve.photos:
        found = _median_words(curve)
    elif standard is not None:
        found = _standard_words(standard)
    elif contents.measured.corruptions is not None and contents.measured.corruptions.mean is not None:
        mean = contents.measured.corruptions.mean
        found = f"under blur, noise and other mishaps it is right on {percent(mean)} on average"
    else:
        return f"{start}; how easily it is fooled was not measured."
    return f"{start}; {found}."


def leading_curve(contents: RobustnessContents) -> Curve | None:
    """The curve that speaks for the report."""
    return next((curve for curve in contents.measured.curves if curve.norm == contents.leading), None)


def leading_standard(contents: RobustnessContents) -> Standard | None:
    """The radius of AutoAttack that speaks for the report: the first one in the first norm."""
    return next((each for each in contents.measured.standards if each.accuracy.of), None)


def warnings_sentence(contents: RobustnessContents) -> str:
    """What signs of gradient masking mean for the figures; empty without any."""
    warned = sum(each.warning for each in contents.measured.masking)
    if not warned:
        return ""
    signs = "One sign says" if warned == 1 else f"{warned} signs say"
    return f"{signs} that attacks may have failed for want of gradients: the model may be weaker than it looks here."


def left_out_sentence(contents: RobustnessContents) -> str:
    """What there was no time for; empty where all was measured."""
    missing = [each.title for each in contents.sections if not each.photos]
    partial = [each.title for each in contents.sections if 0 < each.photos < each.of]
    if len(partial) > MOST_NAMED:
        partial = [f"{len(partial)} of {len(contents.sections)} parts, as listed under how it was measured"]
    why = "it was ended early" if contents.interrupted else f"{contents.minutes:g} minutes were allowed"
    parts = []
    if missing:
        parts.append(f"not measured: {listing(missing)}")
    if partial:
        parts.append(f"on some of the photos only: {listing(partial)}")
    if not parts:
        return ""
    return f"As {why}, {'; '.join(parts)}. More minutes with --resume go on from here."


def transfer_sentence(contents: RobustnessContents) -> str:
    """Whether there was any other network to show files to."""
    if any(each.model != ITSELF for each in contents.measured.transfers):
        return ""
    return (
        "No other network with these classes is here: install the extras lite1, lite2 or squeezenet. For a saved model "
        "the photos that it has learned from have to be where they were, too."
    )


def fell_words(standard: Standard) -> str:
    """What photos fell to, e.g. "12 to apgd-ce, 1 to square"."""
    return ", ".join(f"{number:,} to {name}" for name, number in standard.fell_to if number) or "–"


def accuracy_words(share: Share) -> str:
    """A share with its interval and what it rests on."""
    return f"{percent(share.value)} ({percent_interval(interval(share))}, {count(share.of, 'photo')})"


def _median_words(curve: Curve) -> str:
    right = curve.clean.count
    if not right:
        return "none of the photos attacked was right to begin with"
    if curve.median_grey is None:
        return f"more than half of {count(right, 'right photo')} withstood every change that was tried"
    unit = {"linf": "no value changed by more than", "l2": "a change of length", "l1": "changes that sum to",
            "l0": "a change of"}[curve.norm]  # fmt: skip
    size = size_words(curve.norm, curve.median_grey)
    if right == 1:
        return f"the one right photo that was attacked can be fooled with {unit} {size}"
    return f"of {count(right, 'right photo')} attacked, half can be fooled with {unit} {size}"


def _standard_words(standard: Standard) -> str:
    return (
        f"within {radius_words(standard.norm, standard.grey)} of each photo, {percent(standard.accuracy.value)} of "
        f"{count(standard.accuracy.of, 'photo')} stay right under AutoAttack"
    )
