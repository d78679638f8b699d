from __future__ import annotations

from dataclasses import replace

from enxerto.backbones.imagenet import imagenet_classes
from enxerto.jobs.imagining.orders import Wanted, batches, orders_of, variations, wanted_channels, wanted_classes
from enxerto.visualize.ideal.objective import Channel
from enxerto.visualize.ideal.recipe import ROBUST


def test_classes_are_wanted_once_and_problems_are_collected() -> None:
    problems: list[str] = []
    found = wanted_classes(["zebra", 340, "orca", "340", "crane", "zebrra"], imagenet_classes(), problems)
    assert [(each.words, each.index) for each in found] == [("zebra", 340), ("killer whale", 148)]
    assert [problem.split(";")[0] for problem in problems] == [
        "class 'crane' could be 134 (crane (n02012849)) or 517 (crane (n03126707))", "unknown class 'zebrra'",
    ]  # fmt: skip
    assert wanted_classes(["B"], ("a", "b"), problems) == [Wanted("b", 1)]


def test_channels_are_no_classes() -> None:
    first, second = wanted_channels("blocks.3", [5, 2, 5])
    assert (first.words, first.index, first.target) == ("blocks.3, channel 5", None, Channel("blocks.3", 5))
    assert second.words == "blocks.3, channel 2"


def test_a_knob_is_varied_value_by_value() -> None:
    problems: list[str] = []
    assert variations(ROBUST, None, problems) == [("", ROBUST)]
    found = variations(ROBUST, ("tv_weight", ["0", " 3", "0"]), problems)
    assert problems == []
    assert [(words, recipe.tv_weight) for words, recipe in found] == [("tv_weight 0", 0.0), ("tv_weight 3", 3.0)]
    variations(ROBUST, ("tv-weight", ["-1", "x"]), problems)
    variations(ROBUST, ("stepz", ["1"]), problems)
    variations(ROBUST, ("steps", []), problems)
    assert [problem.split(",")[0] for problem in problems] == [
        "`tv_weight` must be a number from 0 to 1e+06", "tv-weight takes a number",
        "unknown knob 'stepz'; did you mean steps?", "vary steps needs at least one value",
    ]  # fmt: skip


def test_orders_go_by_group_target_seed_and_value() -> None:
    wanted = [Wanted("zebra", 340), Wanted("Siamese cat", 284)]
    plain = orders_of(["lite0"], wanted, range(2), [("", ROBUST)])
    assert [order.name for order in plain] == ["zebra-0", "zebra-1", "Siamese-cat-0", "Siamese-cat-1"]
    several = orders_of(["a", "b"], wanted[:1], [7], [("steps 1", ROBUST), ("steps 2", ROBUST)])
    assert [(order.group, order.name) for order in several] == [
        (0, "zebra-7-steps-1-a"), (0, "zebra-7-steps-2-a"), (1, "zebra-7-steps-1-b"), (1, "zebra-7-steps-2-b"),
    ]  # fmt: skip


def test_a_call_is_of_one_recipe_and_all_its_targets_have_the_same_seeds() -> None:
    wanted = [Wanted(str(index), index) for index in range(3)]
    cases = [(1, 2, [2, 1]), (2, 4, [4, 2]), (3, 4, [3, 3, 3]), (5, 4, [4, 1] * 3), (1, 8, [3])]
    for seeds, most, sizes in cases:
        orders = orders_of(["a"], wanted, range(seeds), [("", ROBUST)])
        found = list(batches(orders, most))
        assert [len(together) for together in found] == sizes
        assert [order for together in found for order in together] == list(orders)
        for together in found:
            pairs = {(order.wanted.index, order.seed) for order in together}
            assert pairs == {(t, s) for t in {target for target, _ in pairs} for s in {seed for _, seed in pairs}}
    two = orders_of(["a"], wanted[:1], [0, 1], [("x", ROBUST), ("y", ROBUST)])
    assert [[order.variation for order in together] for together in batches(two, 8)] == [["x", "x"], ["y", "y"]]
    diverse = orders_of(["a"], wanted[:1], range(9), [("", replace(ROBUST, diversity=1.0))])
    assert [len(together) for together in batches(diverse, 4)] == [9], "its images see each other"
