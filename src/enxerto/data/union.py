"""Merge things that belong together, and number what comes out."""

from __future__ import annotations


class Union:
    """Disjoint sets of the numbers 0 to n - 1, merged pair by pair (union-find with path halving)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, item: int) -> int:
        """The smallest member of an item's set."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def merge(self, first: int, second: int) -> None:
        """Make two items' sets one."""
        first, second = self.find(first), self.find(second)
        self._parent[max(first, second)] = min(first, second)

    def sets(self) -> list[list[int]]:
        """All sets, each sorted, in the order of their smallest members."""
        members: dict[int, list[int]] = {}
        for item in range(len(self._parent)):
            members.setdefault(self.find(item), []).append(item)
        return list(members.values())

    def numbers(self) -> list[int]:
        """For each item the number of its set, counted from 0 in the order of the sets' smallest members."""
        numbers: dict[int, int] = {}
        return [numbers.setdefault(self.find(item), len(numbers)) for item in range(len(self._parent))]
