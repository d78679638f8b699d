"""What attacked photos show, in words."""

from __future__ import annotations

from enxerto.attack.file.verify import Change
from enxerto.report.attack.contents import AttackCard, AttackContents, VerifiedContents
from enxerto.report.wording import count, percent, quoted

CAUTION = (
    "Every file was written as PNG, read back like any photo and predicted again; fooled is only what holds then. "
    "Another network, another crop or a screenshot may see the photo as it was: what was tried stands under survives."
)


def attack_sentence(contents: AttackContents) -> str:
    """What to know first."""
    photos = len(contents.photos)
    if photos == 1:
        return card_sentence(contents.photos[0])
    return f"{contents.fooled} of {count(photos, 'photo')} fool {contents.model} when they are read back."


def card_sentence(card: AttackCard) -> str:
    """What became of one photo."""
    before, after = card.before, card.after
    if card.change is None:
        wanted = f"as {quoted(card.target)}" if card.target is not None else "otherwise"
        return f"Still {quoted(before[0])}, {percent(before[1])}: no file was found that is predicted {wanted}."
    start = f"{quoted(before[0])}, {percent(before[1])}, became {quoted(after[0])}, {percent(after[1])}"
    if not card.fooled:
        return f"{start}, which is not what was asked for."
    return f"{start}; {change_words(card.change)}."


def change_words(change: Change) -> str:
    """How large a change is."""
    return (
        f"no value changed by more than {count(change.largest, 'grey level')}, {count(change.pixels, 'pixel')} changed "
        f"({percent(change.share)})"
    )


def goal_words(contents: AttackContents) -> str:
    """What was looked for."""
    kept = {"linf": "largest change of a value", "l2": "length of the change", "l1": "sum of the changes",
            "l0": "number of changed pixels"}[contents.norm]  # fmt: skip
    least = f", with at least {percent(contents.confidence)} for the wrong class" if contents.confidence else ""
    if contents.budget is None:
        return f"the smallest {kept} ({contents.norm}){least}"
    return f"{kept} ({contents.norm}) of at most {contents.budget}{least}"


def verified_sentence(contents: VerifiedContents) -> str:
    """What came of looking at a file again."""
    name, _, probability = contents.classes[0]
    said = f"The file is predicted as {quoted(name)}, {percent(probability)}"
    if contents.fools is None:
        return f"{said}; give the original, --label or --target to have that judged."
    if contents.fools:
        return f"{said}, instead of {quoted(contents.label)}: it fools." if contents.label else f"{said}: it fools."
    wanted = quoted(contents.target) if contents.target is not None else f"anything but {quoted(contents.label or '')}"
    least = f" with at least {percent(contents.confidence)}" if contents.confidence else ""
    return f"{said}: it doesn't fool, expected was {wanted}{least}."
