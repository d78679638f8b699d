"""What training tricks do, in words: which help, which hurt, and which these photos can't tell about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from enxerto.evaluation.results import Interval, TrickEffect
from enxerto.report.contents import TricksContents
from enxerto.report.wording import count, listing, points_with_interval, visible

Shown = Literal["helps", "hurts", "not shown"]


def shown(difference: Interval, *, lower_is_better: bool = False) -> Shown:
    """What an interval of a difference says: better or worse only where it leaves out 0."""
    better, worse = difference.low > 0, difference.high < 0
    if lower_is_better:
        better, worse = worse, better
    return "helps" if better else "hurts" if worse else "not shown"


def best_first(effects: Sequence[TrickEffect]) -> tuple[TrickEffect, ...]:
    """Effects by what they do to accuracy, equal ones by log loss; undefined ones last."""

    def order(effect: TrickEffect) -> tuple[bool, float, float, str]:
        defined = math.isfinite(effect.accuracy.value)
        return (not defined, -effect.accuracy.value if defined else 0.0, effect.log_loss.value, effect.setting)

    return tuple(sorted(effects, key=order))


def tricks_sentence(contents: TricksContents) -> str:
    """What was found, in a few sentences."""
    if not contents.effects:
        return "No setting could be measured in the time given: allow more minutes."
    words = [shown(effect.accuracy) for effect in contents.effects]
    helping, hurting = words.count("helps"), words.count("hurts")
    total = count(len(words), "setting")
    helpful, hurtful = _some(helping, "help"), _some(hurting, "hurt")
    parts = [f"Of {total} measured, {helpful} accuracy and {hurtful} it beyond noise."]
    first = best_first(contents.effects)[0]
    if shown(first.accuracy) == "helps":
        parts.append(f"{visible(first.setting)} helps most: {points_with_interval(first.accuracy)}.")
    words = [shown(effect.log_loss, lower_is_better=True) for effect in contents.effects]
    helpful, hurtful = _some(words.count("helps"), "help"), _some(words.count("hurts"), "hurt")
    parts.append(f"By log loss, which tells finer differences, {helpful} and {hurtful}.")
    return " ".join(parts)


def chance_sentence(contents: TricksContents) -> str:
    """How many of the settings would seem to do something by chance alone."""
    expected = 0.05 * len(contents.effects)
    many = "one or none" if expected < 1 else f"about {expected:.0f}"
    return (
        f"With 95 % intervals, {many} of {count(len(contents.effects), 'setting')} would seem to help or hurt by "
        "chance alone: try what helps once more, with other seeds or more photos, before you rely on it."
    )


def seeds_words(effects: Sequence[TrickEffect]) -> str:
    """How many pairs of runs stand behind the effects, e.g. "3" or "1 to 3"."""
    seeds = sorted({effect.seeds for effect in effects})
    return " to ".join(f"{each:,}" for each in (seeds if len(seeds) < 2 else (seeds[0], seeds[-1])))


def intervals_sentence(effects: Sequence[TrickEffect]) -> str:
    """What the intervals hold for: new photos, and new seeds where there are several."""
    fewest = min(effect.seeds for effect in effects)
    if fewest > 1:
        return "The intervals hold for new photos and new seeds."
    some = "" if all(effect.seeds == 1 for effect in effects) else " Where there was one pair of runs,"
    return f"{some or 'As there was one pair of runs each,'} the intervals hold for new photos only.".strip()


def abouts(effects: Sequence[TrickEffect]) -> tuple[tuple[str, str], ...]:
    """Each trick with what it is, once, by name."""
    entries = {(effect.name, effect.about): None for effect in sorted(effects, key=lambda effect: effect.name)}
    return tuple(entries)


def unmeasured_words(contents: TricksContents) -> str:
    """The settings that the time was too short for, in a row."""
    return listing([visible(setting) for setting in contents.unmeasured])


def why_unmeasured(contents: TricksContents) -> str:
    """Why they were left out."""
    return "the comparison was ended early" if contents.interrupted else "the time was too short"


def _some(number: int, verb: str) -> str:
    return f"{number or 'none'} {verb}{'s' if number == 1 else ''}"
