"""Ideal images as plain text for the command line."""

from __future__ import annotations

from enxerto.report.ideal.contents import IdealCard, IdealContents
from enxerto.report.ideal.words import AS_SAVED, ITSELF, SIBLING, UNRELATED, ideal_sentence, ideal_verdict, ordinal
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import percent, seconds, shortened, visible


def ideal_table(contents: IdealContents, *, columns: int | None = None) -> str:
    """What `enxerto ideal` prints: what was found, a row for each image, and who couldn't be asked.

    Args:
        contents: of the page of ideal images.
        columns: width to wrap sentences to; the terminal's by default.
    """
    columns = columns or terminal_columns()
    blocks = [wrapped(plain(ideal_sentence(contents)), columns)]
    networks = _networks(contents)
    if contents.images:
        header = (
            "image",
            *(f"{network}{_marked(network, relation, contents)}" for network, relation in networks),
            "verdict",
            "steps",
            "time",
        )
        blocks.append(
            table(header, (_row(card, contents, [network for network, _ in networks]) for card in contents.images))
        )
    blocks += [
        wrapped(plain(f"{visible(name)} wasn't asked: {visible(why)}"), columns) for name, why in contents.missing
    ]
    blocks += [wrapped(plain(visible(note)), columns) for note in contents.notes]
    return "\n\n".join(blocks) + "\n"


def _networks(contents: IdealContents) -> list[tuple[str, str]]:
    """Who was asked, with the relation to the makers of the images."""
    found: dict[str, str] = {}
    for card in contents.images:
        for opinion in card.opinions:
            found.setdefault(opinion.network, opinion.relation)
    return list(found.items())


def _marked(network: str, relation: str, contents: IdealContents) -> str:
    stops = ", stops" if network in contents.stoppers and relation != ITSELF else ""
    marks = {UNRELATED: "", SIBLING: "sibling"}.get(relation, "itself") + stops
    return f" ({marks.removeprefix(', ')})" if marks else ""


def _row(card: IdealCard, contents: IdealContents, networks: list[str]) -> tuple[str, ...]:
    saved = {opinion.network: opinion for opinion in card.opinions if opinion.view == AS_SAVED}
    cells = []
    for network in networks:
        opinion = saved.get(network)
        if opinion is None:
            cells.append("")
        elif opinion.rank:
            cells.append(f"{ordinal(opinion.rank)} {percent(opinion.probability)}")
        else:
            cells.append(f"{shortened(opinion.best[0][0], 16)} {percent(opinion.best[0][1])}")
    word = ideal_verdict(card, contents.stoppers).word
    return shortened(card.name, 40), *cells, word, str(card.steps[-1].number), seconds(card.seconds)
