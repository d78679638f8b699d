"""A comparison in words: which backbone to take for each wish, and what the others are."""

from __future__ import annotations

from enxerto.report.comparison.contents import ComparedBackbone, ComparisonContents, TransferCard
from enxerto.report.transfer import advice
from enxerto.report.wording import (
    NO_BREAK_SPACE,
    bare_points,
    count,
    isolated,
    listing,
    percent,
    percent_with_interval,
    points,
    visible,
)


def megabytes(size: int) -> str:
    """A size, e.g. "18.6 MB"."""
    decimals = 1 if size < 99_950_000 else 0
    return f"{size / 1e6:,.{decimals}f}{NO_BREAK_SPACE}MB"


def milliseconds(duration: float) -> str:
    """A duration, e.g. "12.3 ms"."""
    return f"{duration:.1f}{NO_BREAK_SPACE}ms"


def about(seconds: float) -> str:
    """An estimated duration, coarse as it is, e.g. "about 12 min"."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def as_good(entry: ComparedBackbone) -> bool:
    """Whether it is not worse than the best beyond noise."""
    return entry.found is not None and not entry.found.worse


def named(contents: ComparisonContents, name: str) -> ComparedBackbone:
    """The entry of a name."""
    return next(entry for entry in contents.entries if entry.name == name)


def best_sentence(contents: ComparisonContents) -> str:
    """Which backbone is right most often, on what."""
    if contents.wishes is None:
        return "Only random weights took part, so that there is nothing to take."
    entry = named(contents, contents.wishes.best)
    assert entry.found is not None
    return (
        f"{isolated(entry.name)} is right on {percent_with_interval(entry.found.accuracy)} of "
        f"{count(contents.evaluated, 'photo')} of {count(contents.classes, 'class', 'classes')} that it has not "
        f"learned from ({visible(contents.protocol)})."
    )


def choice_sentence(contents: ComparisonContents) -> str:
    """Which to take where speed counts, and what that may cost."""
    wishes = contents.wishes
    if wishes is None:
        return ""
    best, fastest = named(contents, wishes.best), named(contents, wishes.fastest)
    if fastest is best:
        return "None that is faster is as good: every faster one is worse beyond noise, or there is none."
    ratio = best.speed.milliseconds / fastest.speed.milliseconds
    return f"{isolated(fastest.name)} is {ratio:.1f} times as fast and not worse beyond noise: {cost_words(fastest)}."


def smallest_sentence(contents: ComparisonContents) -> str:
    """The smallest of all, where it is not as good as the best and so is not the one to take."""
    wishes = contents.wishes
    taken = [entry for entry in contents.entries if entry.found is not None and not entry.random]
    if wishes is None or not taken:
        return ""
    entry = min(taken, key=lambda each: each.size_bytes)
    if as_good(entry):
        return ""
    return f"Smaller still is {isolated(entry.name)} ({megabytes(entry.size_bytes)}), but {cost_words(entry)}."


def cost_words(entry: ComparedBackbone) -> str:
    """How far a backbone is behind the best, and how far it may be."""
    assert entry.found is not None
    assert entry.found.behind is not None
    behind = entry.found.behind
    return f"{points(behind.value)} (95 % CI {bare_points(behind.low)} to {points(behind.high)}) against the best"


def skipped_sentences(contents: ComparisonContents) -> tuple[str, ...]:
    """Those without a figure of accuracy, and why."""
    without = [f"{isolated(entry.name)}: no head was solved; {visible(entry.skipped)}." for entry in contents.entries
               if entry.found is None]  # fmt: skip
    return (*without, *(f"{isolated(name)}: left out; {visible(why)}." for name, why in contents.left_out))


def random_sentence(contents: ComparisonContents) -> str:
    """What stand-ins are; empty where none took part."""
    names = [isolated(entry.name) for entry in contents.entries if entry.random]
    if not names:
        return ""
    verb = "has" if len(names) == 1 else "have"
    return (
        f"{listing(names)} {verb} random weights: speed and memory are those of the architecture, accuracy says "
        "nothing of the pretrained network, and none of them is ever the one to take."
    )


def disturbed_sentence(contents: ComparisonContents) -> str:
    """Whose speed other programs disturbed; empty where they disturbed none."""
    names = [isolated(entry.name) for entry in contents.entries if entry.speed.disturbed]
    if not names:
        return ""
    return (
        f"Other programs kept the processors busy while {listing(names)} ran: speeds may be better than these, and "
        "will be measured again the next time."
    )


def accuracy_words(entry: ComparedBackbone) -> str:
    """Its accuracy, or that there is none."""
    return "not solved" if entry.found is None else percent(entry.found.accuracy.value)


def transfer_words(card: TransferCard) -> str:
    """What to do about transfer; empty where nothing was measured that says it."""
    return advice(card.control, card.scratch, card.domain, card.layers)


def untimed_sentence(contents: ComparisonContents) -> str:
    """What of transfer there was no time for; empty where there was time for all."""
    card = contents.transfer
    if card is None or not card.missing:
        return ""
    missing = listing(list(card.missing))
    return f"The {contents.minutes:g} minutes were over before transfer was measured against {missing}."
