import numpy as np
import pytest

from enxerto.evaluation.forecast import extrapolate, forecast

LEARNED = np.array([2.0, 4, 8, 16, 32])


@pytest.mark.parametrize(("floor", "slope", "exponent"), [(0.05, 0.3, 0.5), (0.0, 0.4, 1.0), (0.2, 0.0, 1.0)])
def test_a_power_law_is_found_again(floor, slope, exponent):
    def law(learned):
        return floor + slope * (learned / 2) ** -exponent

    errors = law(LEARNED)
    assert extrapolate(LEARNED, errors[None], 1 / errors**2, 64.0) == pytest.approx([law(64)], rel=1e-6)


def test_floor_and_slope_are_never_negative():
    rows = np.array([[0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.45, 0.3, 0.1, 0.0]])
    rising, falling = extrapolate(LEARNED, rows, np.ones(5), 64.0)
    assert rising == pytest.approx(0.3)
    assert 0.0 < falling < 0.2


def test_each_row_is_fitted_by_itself():
    rows = np.random.default_rng(0).random((6, 5))
    together = extrapolate(LEARNED, rows, np.ones(5), 64.0)
    assert together == pytest.approx([extrapolate(LEARNED, row[None], np.ones(5), 64.0)[0] for row in rows])


def test_the_promised_gain_may_fail_to_come_or_be_twice_as_large():
    errors = 0.4 * (LEARNED / 2) ** -0.5
    found = forecast(LEARNED, errors, np.tile(errors, (50, 1)), 0.001, 64.0)
    assert found.value == pytest.approx(0.4 * 32**-0.5)
    assert found.high == pytest.approx(errors[-1])
    assert found.low == pytest.approx(2 * found.value - errors[-1])


def test_spread_of_what_might_have_been_widens_it():
    errors = 0.4 * (LEARNED / 2) ** -0.5
    redrawn = np.clip(errors + 0.03 * np.random.default_rng(0).normal(size=(200, 1)), 0, 1)
    narrow = forecast(LEARNED, errors, np.tile(errors, (50, 1)), 0.001, 64.0)
    wide = forecast(LEARNED, errors, redrawn, 0.001, 64.0)
    assert wide.value == narrow.value
    assert wide.low < narrow.low
    assert wide.high > narrow.high


def test_no_errors_at_all_are_forecast_to_stay_none():
    found = forecast(LEARNED, np.zeros(5), np.zeros((10, 5)), 0.01, 64.0)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_more_errors_than_the_last_point_are_not_forecast():
    errors = np.array([0.2, 0.2, 0.2, 0.22, 0.19])
    assert extrapolate(LEARNED, errors[None], 1 / errors**2, 64.0)[0] > 0.195
    assert forecast(LEARNED, errors, np.tile(errors, (10, 1)), 0.01, 64.0).value == 0.19
