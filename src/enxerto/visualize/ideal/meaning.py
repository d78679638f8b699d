"""Which classes of one network mean what another network calls by a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from enxerto.backbones.imagenet import imagenet_classes, imagenet_synonyms


def meanings(targets: Sequence[str], classes: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """The classes of a network that mean each target; targets that none means are left out.

    A class of the same name means it, case and plural aside. Otherwise, among ImageNet's classes, those mean it whose
    names or synonyms end with it: `cats` are tabby cats and Siamese cats. So a hot dog is a dog, too; whoever shows
    what such a network sees shows also what was counted.

    Args:
        targets: names of classes.
        classes: of the network that is asked.
    """
    found = {target: _meaning(target, classes) for target in targets}
    return {target: indices for target, indices in found.items() if indices}


def _meaning(target: str, classes: Sequence[str]) -> tuple[int, ...]:
    if target in classes:
        return (classes.index(target),)
    words = _words(target)
    same = tuple(index for index, name in enumerate(classes) if _words(name) == words)
    if same or not words or tuple(classes) != imagenet_classes():
        return same
    return tuple(
        index
        for index, names in enumerate(imagenet_synonyms())
        if any(_words(name)[-len(words) :] == words for name in names)
    )


def _words(name: str) -> list[str]:
    """Lower-case words without the ending of the plural."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.casefold()).split()
    return [f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s") for word in words]
