import pytest

from enxerto.errors import UnknownNameError
from enxerto.tuning.schedules import SCHEDULES, factor


def factors(schedule, warmup, steps):
    return [factor(schedule, warmup, step, steps) for step in range(steps)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("exponential", [1, 0.01**0.25, 0.1, 0.01**0.75]),
        ("step", [1, 1, 0.1, 0.01]),
        ("cosine", [1, 0.5 + 0.125**0.5, 0.5, 0.5 - 0.125**0.5]),
    ],
)
def test_decay(schedule, expected):
    assert factors(schedule, 0.0, 4) == pytest.approx(expected)


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "one-cycle"])
def test_warm_up_rises_to_the_height_that_decay_starts_from(schedule):
    assert factors(schedule, 0.5, 8) == pytest.approx([0.2, 0.4, 0.6, 0.8, *factors(schedule, 0.0, 4)])


def test_one_cycle_has_its_own_rise():
    rising, falling = [0.1, 0.3, 0.5, 0.7, 0.9], [0.9, 0.7, 0.5, 0.3]
    steps = factors("one-cycle", 0.3, 20)
    assert steps[:9:2] == pytest.approx(rising)
    assert steps[9] == 1.0
    assert steps[10:17:2] == pytest.approx(falling)
    assert steps[18:] == pytest.approx([0.1, (0.1 + 0.001) / 2])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 97])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.999])
def test_every_step_learns(schedule, steps, warmup):
    assert all(0 < value <= 1 for value in factors(schedule, warmup, steps))


def test_an_unknown_schedule_has_near_matches():
    with pytest.raises(UnknownNameError, match="unknown schedule 'cosin'; did you mean cosine"):
        factor("cosin", 0.0, 0, 10)
