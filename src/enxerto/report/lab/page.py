"""The page of a lab, its table for the terminal, and the sentences that both share."""

from __future__ import annotations

from enxerto.report.charts.plot import nice_ticks
from enxerto.report.charts.svg import Chart
from enxerto.report.charts.tracks import Scale, Track, span, track_panel
from enxerto.report.document import filled
from enxerto.report.lab.contents import LabContents, LabEntry
from enxerto.report.text import plain, table, terminal_columns, wrapped
from enxerto.report.wording import (
    count,
    isolated,
    listing,
    percent,
    percent_interval,
    percent_with_interval,
    points,
    points_interval,
    seconds,
    visible,
)


def render_lab(contents: LabContents) -> str:
    """The page as HTML; the same contents give the same text."""
    return filled(
        "lab.html.j2",
        contents=contents,
        chart=_chart(contents),
        sentence=lab_sentence(contents),
        ties=ties_sentence(contents),
        fastest=_fastest(contents.entries),
    )


def lab_table(contents: LabContents, *, columns: int | None = None) -> str:
    """What `enxerto lab` prints: what was found, and a row per backbone."""
    columns = columns or terminal_columns()
    blocks = ["\n".join(wrapped(plain(text), columns) for text in (lab_sentence(contents), ties_sentence(contents)))]
    header = ("backbone", "accuracy", "95 % interval", "behind", "95 % interval", "M parameters", "time")
    blocks.append(table(header, map(_row, contents.entries)))
    blocks += [wrapped(plain(f"left out: {name}: {visible(why)}"), columns, 2) for name, why in contents.left_out]
    return "\n\n".join(blocks) + "\n"


def lab_sentence(contents: LabContents) -> str:
    """Which backbone is right most often, on what."""
    best = contents.entries[0]
    return (
        f"{isolated(best.name)} is right on {percent_with_interval(best.accuracy)} of "
        f"{count(contents.evaluated, 'photo')} of {count(contents.classes, 'class', 'classes')} that it has not "
        f"learned from ({visible(contents.protocol)})."
    )


def ties_sentence(contents: LabContents) -> str:
    """Which backbones can't be told from the best, and the fastest of all that are as good."""
    if len(contents.entries) == 1:
        return "No other backbone took part."
    tied = [entry for entry in contents.entries[1:] if _as_good(entry)]
    names = listing([isolated(entry.name) for entry in tied])
    first = f"Within noise of it: {names}." if tied else "Every other backbone is worse beyond noise."
    fastest = _fastest(contents.entries)
    if fastest is None or not tied:
        return first
    quick = f"{isolated(fastest.name)}, in {seconds(fastest.seconds)}"
    return f"{first} In this run the fastest of these and the best was {quick}."


def _as_good(entry: LabEntry) -> bool:
    return entry.behind is None or entry.behind.high >= 0


def _fastest(entries: tuple[LabEntry, ...]) -> LabEntry | None:
    """The fastest that is not worse beyond noise; `None` where times were not wanted."""
    timed = [entry for entry in entries if _as_good(entry) and entry.seconds > 0]
    return min(timed, key=lambda entry: entry.seconds, default=None)


def _chart(contents: LabContents) -> Chart:
    ticks = nice_ticks(*span(entry.accuracy for entry in contents.entries), most=4, finest=0.01)
    scale = Scale(tuple((tick, f"{100 * tick:g} %") for tick in ticks))
    takeaway = lab_sentence(contents)
    if ticks[0] > 0:
        takeaway += f" The scale starts at {100 * ticks[0]:g} %."
    tracks = [
        Track(isolated(entry.name, 32), "" if _as_good(entry) else "worse beyond noise", entry.accuracy,
              percent(entry.accuracy.value), "kept" if _as_good(entry) else "other")
        for entry in contents.entries
    ]  # fmt: skip
    panel = track_panel("lab-1", "Accuracy", takeaway, tracks, scale)
    return Chart("lab", "Accuracy of each backbone", takeaway, (panel,), (), ())


def _row(entry: LabEntry) -> tuple[str, ...]:
    behind = ("", "") if entry.behind is None else (points(entry.behind.value), points_interval(entry.behind))
    return (
        entry.name,
        percent(entry.accuracy.value),
        percent_interval(entry.accuracy),
        *behind,
        f"{entry.parameters / 1e6:.1f}",
        seconds(entry.seconds) if entry.seconds else "",
    )
