"""Deliberately broken defences are flagged, each for what it does; an undefended network is not."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from tiny_attacks import ConstantNetwork, ConvolutionNetwork, tiny_photos
from tiny_defences import (
    Compressed,
    Noisy,
    Probabilities,
    Scaled,
    StandIn,
    Stepped,
    chunk_of,
    rows_of,
    undefended,
)
from torch import nn

from enxerto.attack.robustness import masking, probe
from enxerto.attack.robustness.chunk import Chunk
from enxerto.attack.robustness.records import MaskingRecord, StandardRecord
from enxerto.attack.robustness.results import MaskingIndicator
from enxerto.attack.subject import Subject

NETWORK = ConvolutionNetwork()
RADIUS = 0.03


def indicators(subject: Subject, chunk: Chunk, radius: float = RADIUS, **options: int) -> dict[str, MaskingIndicator]:
    found = masking.summary(probe.measure(subject, chunk, radius=radius, **{"queries": 60, **options}))
    return {each.name: each for each in found}


def warnings(subject: Subject, chunk: Chunk, radius: float = RADIUS, **options: int) -> set[str]:
    return {name for name, each in indicators(subject, chunk, radius, **options).items() if each.warning}


@pytest.mark.parametrize("radius", [0.01, 0.03, 0.06, 0.2])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_an_undefended_network_is_not_flagged(classes: int, radius: float) -> None:
    assert warnings(*undefended(classes), radius) == set()


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (Noisy(NETWORK), {"random-answers", "unstable-predictions"}),
        (Stepped(NETWORK), {"unavailable-gradients", "saturated-loss", "unconstrained-attack-fails"}),
        (Scaled(NETWORK), {"saturated-loss"}),
        (Compressed(NETWORK), {"unavailable-gradients", "saturated-loss", "unconstrained-attack-fails"}),
        (Probabilities(NETWORK), {"softmax-output", "unavailable-gradients", "saturated-loss"}),
    ],
    ids=["noise", "steps", "saturation", "jpeg", "softmax"],
)
def test_a_broken_defence_is_flagged_for_what_it_does(network: nn.Module, expected: set[str]) -> None:
    assert expected <= warnings(*chunk_of(network, tiny_photos(8)))


def test_saturation_alone_stops_no_attack_on_the_margin() -> None:
    assert warnings(*chunk_of(Scaled(NETWORK), tiny_photos(8))) == {"saturated-loss"}


def test_gradients_of_another_network_than_answers_are_flagged() -> None:
    subject = Subject(StandIn(NETWORK), 4)
    photos = tiny_photos(8)
    chunk = Chunk(tuple("abcdefgh"), photos, subject.logits(photos).argmax(1))
    assert {"transfer-failure", "unconstrained-attack-fails"} <= warnings(subject, chunk)


def test_a_black_box_that_gets_farther_than_gradients_is_flagged() -> None:
    found = indicators(*chunk_of(Stepped(NETWORK), tiny_photos(4)), 0.15, queries=300)["black-box-beats-gradients"]
    assert found.warning
    assert found.figure >= 0.5
    assert "fools, which asks for answers only" in found.text


def test_luck_that_does_not_repeat_is_flagged() -> None:
    photos = tiny_photos(8)
    assert "silent-success" in warnings(*chunk_of(Noisy(NETWORK, 0.2), photos), 0.1)


def test_too_few_steps_are_flagged_and_enough_are_not() -> None:
    assert warnings(*undefended(), steps=4) == {"incomplete-optimization"}


def test_a_network_that_cannot_be_fooled_says_that_the_attack_fails() -> None:
    found = indicators(*chunk_of(ConstantNetwork(), tiny_photos(2)), queries=3)
    assert found["unconstrained-attack-fails"].figure == 1
    assert found["unavailable-gradients"].text == (
        "On 100 % of 2 photos the gradient was zero or no number during the attack: such attacks don't know where to "
        "go; replace steps without a derivative by smooth ones and attack again."
    )
    assert found["random-answers"].text == (
        "Two answers to the same pixels differ by 0 % of the margin in the mean of 2 photos."
    )


def test_gradients_that_are_no_numbers_are_not_usable() -> None:
    gradient = torch.tensor([[0.0, 1.0], [0.0, 0.0], [1.0, torch.nan], [torch.inf, 1.0]])
    assert probe.usable(gradient).tolist() == [True, False, False, False]


def test_photos_that_are_wrong_anyway_do_not_count() -> None:
    subject, chunk = undefended(photos=3)
    labels = chunk.labels.clone()
    labels[1] = (labels[1] + 1) % 4
    records = probe.measure(subject, Chunk(chunk.names, chunk.pixels, labels))
    assert [record.right for record in records] == [True, False, True]
    assert {each.photos for each in masking.summary(records)} == {2}
    nothing = probe.measure(subject, Chunk(chunk.names[:1], chunk.pixels[1:2], labels[1:2]))
    assert nothing == [MaskingRecord(chunk.names[0], int(labels[1]), right=False)]
    assert masking.summary(nothing) == ()


def test_a_photo_s_record_does_not_depend_on_its_chunk_and_survives_json() -> None:
    subject, chunk = undefended(photos=3)
    together = probe.measure(subject, chunk, radius=0.05, queries=20, seed=2)
    alone = [
        probe.measure(subject, rows_of(chunk, row, row + 1), radius=0.05, queries=20, seed=2)[0] for row in range(3)
    ]
    assert {record.fooled for record in together} == {True, False}
    assert alone == together
    assert [MaskingRecord(**json.loads(json.dumps(asdict(each)))) for each in together] == together


def test_a_fooled_photo_costs_neither_black_box_nor_more_steps() -> None:
    subject, chunk = undefended(photos=2)
    records = probe.measure(subject, chunk, radius=0.3)
    assert [(record.fooled, record.unfinished, record.black_box) for record in records] == [(True, None, None)] * 2
    assert subject.backwards < 2 * 10


@pytest.mark.parametrize(("fell", "figure"), [(["square", None, "clean", "apgd-ce"], 0.5), (["clean", None], 0.0)])
def test_autoattack_s_own_black_box_is_an_indicator(fell: list[str | None], figure: float) -> None:
    (found,) = masking.summary([], [StandardRecord("a", "linf", 0.1, 0, by) for by in fell])
    assert (found.name, found.figure, found.warning) == ("square-beats-autoattack", figure, figure > 0)
    assert found.text.startswith(f"Of {fell.count('square') + fell.count(None)} photos that withstood")


def test_warnings_come_first() -> None:
    found = masking.summary(probe.measure(*chunk_of(Stepped(NETWORK), tiny_photos(3)), queries=3))
    order = [each.warning for each in found]
    assert order == sorted(order, reverse=True)
    assert all(each.reference for each in found)
