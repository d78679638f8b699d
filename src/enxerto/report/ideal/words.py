"""Whether an ideal image is recognized by networks that had no part in it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from enxerto.report.ideal.contents import IdealCard, IdealContents
from enxerto.report.wording import NO_BREAK_SPACE, count, listing, percent, quoted, visible
from enxerto.visualize.ideal.image import Opinion

AS_SAVED, ITSELF, SIBLING, UNRELATED = "as saved", "itself", "sibling", "unrelated"
WITHIN = 5
CAUTION = (
    "A picture that looks right to us proves nothing about how a network decides: Geirhos and others (2024, "
    "arXiv:2306.04719) built networks that show any picture one likes while they answer just as before. Take these "
    "images as clues, and what independent networks say of the files as the test."
)


@dataclass(frozen=True)
class IdealVerdict:
    """What to think of an ideal image.

    Attributes:
        level: `go`: an unrelated network puts the class first; `care`: it is among its best, or only a sibling puts it
            first; `no-go`: only the network itself sees it, or not even that; `open`: nobody independent was asked.
        word: the level as a label.
        sentence: who sees what.
    """

    level: Literal["go", "care", "no-go", "open"]
    word: str
    sentence: str


@dataclass(frozen=True)
class Tally:
    """How many images a network recognizes, as they were saved.

    Attributes:
        network: its name.
        relation: to the networks that made the images.
        stops: it decided when to stop.
        images: that it was asked about.
        first: of those, how many whose class it puts first.
        among: how many whose class is among its five best.
    """

    network: str
    relation: str
    stops: bool
    images: int
    first: int
    among: int


def ideal_verdict(card: IdealCard, stoppers: Sequence[str] = ()) -> IdealVerdict:
    """The verdict on one image.

    Args:
        card: the image with the opinions on its file.
        stoppers: names of verifiers that decided when to stop, which are no judges.
    """
    saved = [opinion for opinion in card.opinions if opinion.view == AS_SAVED]
    own = [opinion for opinion in saved if opinion.relation == ITSELF]
    judges = [opinion for opinion in saved if opinion.relation != ITSELF and opinion.network not in stoppers]
    if card.index is None:
        return IdealVerdict("open", "no class", _seen_sentence(saved))
    asked = [opinion for opinion in judges if opinion.rank]
    others = [opinion for opinion in judges if not opinion.rank]
    parts = [_judged(opinion, card.opinions) for opinion in asked]
    parts += [f"{visible(each.network)} has no such class; it sees {_best(each)}." for each in others]
    level = _level(asked)
    if level == "no-go" and all(opinion.rank == 1 for opinion in own):
        parts.insert(0, f"Only the network itself puts {quoted(card.target)} first.")
    if level == "open":
        parts.insert(0, "Nobody independent could be asked.")
    parts += [
        f"Not even {visible(opinion.network)}, which made it, puts {quoted(card.target)} first in the saved file: it "
        f"sees {_best(opinion)}."
        for opinion in own
        if opinion.rank != 1
    ]
    words = {"go": "recognized", "care": "partly recognized", "no-go": "not recognized", "open": "not judged"}
    return IdealVerdict(level, words[level], " ".join(parts))


def tallies(contents: IdealContents) -> tuple[Tally, ...]:
    """What each network recognizes, the unrelated ones first, the makers last."""
    order = {UNRELATED: 0, SIBLING: 1, ITSELF: 2}
    found: dict[tuple[str, str], list[Opinion]] = {}
    for card in contents.images:
        for opinion in card.opinions:
            if opinion.view == AS_SAVED and opinion.rank:
                found.setdefault((opinion.network, opinion.relation), []).append(opinion)
    rows = [
        Tally(
            network,
            relation,
            network in contents.stoppers and relation != ITSELF,
            len(opinions),
            sum(opinion.rank == 1 for opinion in opinions),
            sum(opinion.rank <= WITHIN for opinion in opinions),
        )
        for (network, relation), opinions in found.items()
    ]
    return tuple(sorted(rows, key=lambda row: order[row.relation]))


def ideal_sentence(contents: IdealContents) -> str:
    """What was found over all images, in a few sentences."""
    images = count(len(contents.images), "image")
    rows = tallies(contents)
    judges = [row for row in rows if row.relation != ITSELF and not row.stops]
    makers = [row for row in rows if row.relation == ITSELF]
    if not rows:
        return (
            f"{images}; no class was wanted, so that there is nothing to recognize." if contents.images else "No image."
        )
    if not judges:
        return f"{images}, and nobody independent could be asked what they show."
    said = [
        f"{visible(row.network)}{', a sibling,' if row.relation == SIBLING else ''} puts the class first in "
        f"{row.first} ({percent(row.first / row.images)}) and among its five best in {row.among}"
        + (f", of {row.images} it was asked about" if row.images < len(contents.images) else "")
        for row in judges
    ]
    files, them = ("its file", "it") if len(contents.images) == 1 else ("their files", "them")
    opening = f"Of {images}, read back from {files}, "
    closing = " ".join(
        f"{visible(row.network)}, which made {them}, recognizes {row.first} of {row.images}." for row in makers
    )
    return f"{opening}{listing(said)}. {closing}".strip()


def short_opinions(card: IdealCard) -> list[str]:
    """What each network that had no part in an image says of its file, in a few plain words for a contact sheet."""
    lines = []
    for opinion in card.opinions:
        if opinion.view == AS_SAVED and opinion.relation != ITSELF:
            name, probability = opinion.best[0]
            said = f"{ordinal(opinion.rank)}," if opinion.rank else visible(name)
            lines.append(
                f"{visible(opinion.network)}: {said} {percent(opinion.probability if opinion.rank else probability)}"
            )
    return [line.replace(NO_BREAK_SPACE, " ") for line in lines]


def ordinal(rank: int) -> str:
    """A rank as "1st", "2nd", …; "no such class" for 0."""
    if rank == 0:
        return "no such class"
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _level(asked: Sequence[Opinion]) -> Literal["go", "care", "no-go", "open"]:
    if not asked:
        return "open"
    if any(opinion.relation == UNRELATED and opinion.rank == 1 for opinion in asked):
        return "go"
    if any(opinion.rank <= (WITHIN if opinion.relation == UNRELATED else 1) for opinion in asked):
        return "care"
    return "no-go"


def _judged(opinion: Opinion, every: Sequence[Opinion]) -> str:
    """What one judge says, with how that holds under crops and JPEG."""
    kind = "a sibling" if opinion.relation == SIBLING else "which had no part in it"
    who = f"{visible(opinion.network)}, {kind},"
    if opinion.rank == 1:
        views = [each for each in every if each.network == opinion.network and each.view != AS_SAVED]
        held = sum(view.rank == 1 for view in views)
        return (
            f"{who} sees it too: its first answer, {percent(opinion.probability)}"
            + (f", and in {held} of {len(views)} crops and JPEGs" if views else "")
            + "."
        )
    if opinion.rank <= WITHIN:
        return (
            f"{who} has it among its five best ({ordinal(opinion.rank)}, {percent(opinion.probability)}), after "
            f"{_best(opinion)}."
        )
    return f"{who} sees {_best(opinion)} and has it {ordinal(opinion.rank)}."


def _seen_sentence(saved: Sequence[Opinion]) -> str:
    seen = [f"{visible(opinion.network)} sees {_best(opinion)}" for opinion in saved]
    return f"No class was wanted. {'; '.join(seen)}." if seen else "No class was wanted."


def _best(opinion: Opinion) -> str:
    name, probability = opinion.best[0]
    return f"{quoted(name)} ({percent(probability)})"
