"""Counts as shares with intervals, and radii in grey levels."""

from __future__ import annotations

from collections.abc import Iterable

from scipy.stats import binomtest

from enxerto.attack.robustness.results import CurvePoint, Share

LEVELS = 255


def share(count: int, of: int) -> Share:
    """A part of the photos, with Wilson's score interval of 95 %; of no photos at all it is [0, 1].

    Photos count as independent.

    Args:
        count: how many.
        of: of how many.

    Reference: Wilson 1927; Brown, Cai, DasGupta 2001, section 3.1.1.
    """
    if not of:
        return Share(count, of, 0.0, 0.0, 1.0)
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return Share(count, of, count / of, float(interval.low), float(interval.high))


def share_of(truths: Iterable[bool]) -> Share:
    """How many of these are true."""
    listed = list(truths)
    return share(sum(listed), len(listed))


def grey(size: float, norm: str) -> float:
    """A distance between pixels in [0, 1] in grey levels; a number of pixels (`l0`) stays what it is."""
    return size if norm == "l0" else size * LEVELS


def point(radius: float, norm: str, right: Iterable[bool]) -> CurvePoint:
    """A point of a curve, from which photos are right within a radius."""
    return CurvePoint(radius, grey(radius, norm), share_of(right))
