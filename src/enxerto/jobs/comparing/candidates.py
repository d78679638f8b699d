"""Which backbones take part: those named, or all whose weights are here; random weights stand in for missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enxerto.backbones import Backbone, Entry, find, open_backbone, random_backbone
from enxerto.backbones.verifying import here
from enxerto.backbones.weights import places
from enxerto.errors import WeightsMissingError

RANDOM = "random:"
"""Before a name: the same architecture with random weights."""
_BYTES_A_PARAMETER = 4


@dataclass(frozen=True)
class Candidate:
    """A backbone that takes part.

    Attributes:
        name: as it was named.
        backbone: with its weights.
        random: they are random ones.
    """

    name: str
    backbone: Backbone
    random: bool

    @property
    def size_bytes(self) -> int:
        """Of its file of weights on this disk; four bytes a parameter where it has none."""
        if not self.random:
            for source in places(self.backbone.entry):
                return source.path.stat().st_size
        return _BYTES_A_PARAMETER * self.backbone.parameters


def candidates(
    names: Sequence[str], *, offline: bool, seed: int
) -> tuple[list[Candidate], tuple[tuple[str, str], ...]]:
    """Open the backbones, and say which could not be opened.

    Args:
        names: as in `enxerto backbones list`, or `random:NAME`; all whose weights are on this machine when empty.
        offline: never download.
        seed: of random weights.

    Returns:
        Those that take part, and (name, reason) of the others.

    Raises:
        UnknownNameError: there is no such backbone.
        WeightsMissingError: none of them can take part.
        IntegrityError: weights are not what their checksum says.
    """
    found: dict[str, Entry] = {}  # every name is known before work begins
    for name in names:
        entry = find(name.removeprefix(RANDOM))
        found.setdefault(RANDOM * name.startswith(RANDOM) + entry.name, entry)
    found = found or {entry.name: entry for entry in here()}
    opened: list[Candidate] = []
    left_out: list[tuple[str, str]] = []
    for name, entry in found.items():
        try:
            opened.append(open_candidate(name, entry, offline=offline, seed=seed))
        except WeightsMissingError as error:
            left_out.append((name, str(error)))
    if not opened:
        why = "; ".join(reason for _, reason in left_out)
        raise WeightsMissingError(
            why or "no backbone's weights are on this machine; bring some with enxerto backbones fetch or import"
        )
    return opened, tuple(left_out)


def open_candidate(name: str, entry: Entry, *, offline: bool, seed: int) -> Candidate:
    """One of them; arguments as for `candidates`."""
    if name.startswith(RANDOM):
        return Candidate(name, random_backbone(entry, seed), random=True)
    return Candidate(name, open_backbone(entry.name, offline=offline), random=False)
