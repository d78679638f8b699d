"""Split photos into sides without leaks: stratified, seeded, and what belongs together stays together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from enxerto.data.union import Union
from enxerto.errors import DataError, OptionError

TRAIN, VAL, TEST, ALWAYS = "train", "val", "test", "always"
LEAST_FOLDS = 2


@dataclass(frozen=True)
class Split:
    """Which side each photo is on.

    Attributes:
        sides: one per photo: `train`, `val` or `test`; or `fold0` to `fold{k-1}`, each evaluated by what was trained
            on the others. Beside folds, photos of `always` are learned from each time and never evaluated.
        protocol: in words, how the sides came about; where all are `always`, why no photo can be evaluated.
        seed: that they were drawn with.
    """

    sides: tuple[str, ...]
    protocol: str
    seed: int


def merge_groups(clusters: Sequence[int], groups: Sequence[str | None]) -> list[int]:
    """Number the photos that must stay together: in one cluster of duplicates, or in one group named by the user.

    Args:
        clusters: for each photo the number of its cluster of duplicates.
        groups: for each photo its group, `None` for a group of its own.
    """
    union = Union(len(clusters))
    first_of: dict[tuple[str, int | str], int] = {}
    for index, (cluster, group) in enumerate(zip(clusters, groups, strict=True)):
        union.merge(first_of.setdefault(("cluster", cluster), index), index)
        if group is not None:
            union.merge(first_of.setdefault(("group", group), index), index)
    return union.numbers()


def split_photos(
    labels: Sequence[str],
    groups: Sequence[int],
    *,
    given: Sequence[str | None] | None = None,
    folds: int = 5,
    holdout: float | None = None,
    seed: int = 0,
    lone: bool = False,
) -> Split:
    """Put every photo on a side.

    A given split is kept as it is: `test` is evaluated, and photos of `val` are then left alone; where there is no
    `test`, `val` is evaluated. Otherwise `holdout` takes that share of each class as `test`, and without it there
    are folds for cross-validation, in which no group is ever on two sides. Folds are as many as asked for, but no more
    than the class with the fewest groups has groups, so that every fold can have one.

    Args:
        labels: of n photos.
        groups: of n photos, from `merge_groups`.
        given: of n photos: `train`, `val` or `test`, or `None` for all of them.
        folds: at least 2.
        holdout: the share of each class to evaluate on, between 0 and 1.
        seed: for the order in which groups are dealt out; equal seeds give equal splits on every platform.
        lone: put the photos of a class that is in one group only on `always`, with a `holdout` on `train`, instead of
            refusing it; and every photo on `always` where fewer than two classes are left to hold photos out of.

    Raises:
        DataError: a given split lacks a side or leaves photos out, or a class is in fewer than two groups.
        OptionError: `folds` or `holdout` is out of range, or there is a given split and a `holdout`.
    """
    if len(labels) != len(groups):
        raise OptionError(f"expected one group per label, got {len(groups)} groups and {len(labels)} labels")
    if folds < LEAST_FOLDS:
        raise OptionError(f"folds must be {LEAST_FOLDS} or more, got {folds}")
    if holdout is not None and not 0.0 < holdout < 1.0:
        raise OptionError(f"holdout must lie between 0 and 1, got {holdout}")
    if given is not None and any(given):
        if holdout is not None:
            raise OptionError("a split is given already; leave `holdout` out")
        return Split(_given(given), _protocol_of(given), seed)
    rows = [row for row, apart in enumerate(held_apart(labels, groups)) if apart or not lone]
    dealt_labels, dealt_groups = [labels[row] for row in rows], [groups[row] for row in rows]
    measured, classes = len(set(dealt_labels)), len(set(labels))
    if measured < min(2, classes):
        return Split((ALWAYS,) * len(labels), _why_none(labels, dealt_labels), seed)
    fewest = _fewest_groups(dealt_labels, dealt_groups)
    some = f"{measured} of {classes} classes" if measured < classes else ""
    if holdout is not None:
        shares, names, rest = [holdout, 1.0 - holdout], [TEST, TRAIN], TRAIN
        protocol = f"a holdout of {holdout:.0%} of each {f'of {some}' if some else 'class'}"
    else:
        count = min(folds, fewest)
        shares, names, rest = [1.0 / count] * count, [f"fold{number}" for number in range(count)], ALWAYS
        smallest = "smallest of these" if some else "smallest class"
        reduced = "" if count == folds else f" (not {folds}: the {smallest} has {fewest} groups of photos)"
        protocol = f"{count}-fold cross-validation{f' over {some}' if some else ''}{reduced}"
    sides = [rest] * len(labels)
    for row, side in zip(rows, _deal(dealt_labels, dealt_groups, shares, seed), strict=True):
        sides[row] = names[side]
    return Split(tuple(sides), protocol, seed)


def held_apart(labels: Sequence[Hashable], groups: Sequence[int]) -> list[bool]:
    """Which photos can be held out while other photos of their class are learned from.

    Not those of a class that is in one group only, nor photos of that group; so among the others every class is in two
    groups or more.

    Args:
        labels: of n photos.
        groups: of n photos.
    """
    kept = set(groups)
    while True:
        pairs = {(label, group) for label, group in zip(labels, groups, strict=True) if group in kept}
        groups_of = Counter(label for label, _ in pairs)
        alone = {group for label, group in pairs if groups_of[label] < LEAST_FOLDS}
        if not alone:
            return [group in kept for group in groups]
        kept -= alone


def _why_none(labels: Sequence[str], apart: Sequence[str]) -> str:
    """Why no photos can be held out, where those of one class at most could be."""
    if max(Counter(labels).values()) == 1:
        return "every class has one photo only"
    which = f"only {apart[0]!r}" if apart else "no class"
    return f"{which} has two photos that are independent (copies of a photo, or photos of one group, are not)"


def _given(given: Sequence[str | None]) -> tuple[str, ...]:
    sides = tuple(side or "" for side in given)
    unknown = set(sides) - {TRAIN, VAL, TEST, ""}
    if unknown:
        raise DataError(f"a given split has the sides train, val and test, got {', '.join(sorted(unknown))}")
    if "" in sides:
        raise DataError(f"{sides.count('')} of {len(sides)} photos have no side in the given split; give all or none")
    if TRAIN not in sides or len(set(sides)) < 2:
        raise DataError(f"a given split needs train and one of val and test, got only {', '.join(sorted(set(sides)))}")
    return sides


def _protocol_of(given: Sequence[str | None]) -> str:
    evaluated = TEST if TEST in given else VAL
    return f"the given {evaluated} split"


def _fewest_groups(labels: Sequence[str], groups: Sequence[int]) -> int:
    """The number of groups of the class with the fewest."""
    of_class = Counter(label for label, _ in set(zip(labels, groups, strict=True)))
    if not of_class:
        raise DataError("there are no photos to split")
    name, fewest = min(of_class.items(), key=lambda item: (item[1], item[0]))
    if fewest < LEAST_FOLDS:
        count = sum(label == name for label in labels)
        raise DataError(
            f"class {name!r} can't be on two sides of a split: it has {count} photo(s), all in one group or near "
            "duplicates of each other; add other photos of it"
        )
    return fewest


def _deal(labels: Sequence[str], groups: Sequence[int], shares: Sequence[float], seed: int) -> list[int]:
    """Deal groups out, the largest first, each to the side that misses its classes most.

    A class that only just has enough groups left goes to the sides that have none of it yet. The order of groups of
    one size comes from a hash of seed and number, which is the same everywhere and in every version of every library.
    """
    classes_of: dict[int, Counter[str]] = {}
    for label, group in zip(labels, groups, strict=True):
        classes_of.setdefault(group, Counter())[label] += 1
    total = Counter(labels)
    left = Counter(label for counted in classes_of.values() for label in counted)
    missing = {label: set(range(len(shares))) for label in total}
    lack = [{label: share * count for label, count in total.items()} for share in shares]
    lack_in_all = [share * len(labels) for share in shares]
    order = sorted(classes_of, key=lambda group: (-classes_of[group].total(), _hash(seed, group)))
    side_of: dict[int, int] = {}
    for group in order:
        counted = classes_of[group]
        allowed = _allowed(counted, left, missing, len(shares))
        weights = [(label, count / total[label]) for label, count in counted.items()]
        side = max(
            allowed,
            key=lambda at: (round(sum(lack[at][label] * weight for label, weight in weights), 9), lack_in_all[at], -at),
        )
        side_of[group] = side
        lack_in_all[side] -= counted.total()
        for label, count in counted.items():
            lack[side][label] -= count
            left[label] -= 1
            missing[label].discard(side)
    return [side_of[group] for group in groups]


def _allowed(counted: Counter[str], left: Counter[str], missing: dict[str, set[int]], sides: int) -> list[int]:
    allowed = set(range(sides))
    for label in sorted(counted, key=lambda name: (left[name], name)):
        if missing[label] and left[label] <= len(missing[label]):
            allowed = (allowed & missing[label]) or allowed
    return sorted(allowed)


def _hash(seed: int, group: int) -> bytes:
    return hashlib.sha256(f"{seed}/{group}".encode()).digest()
