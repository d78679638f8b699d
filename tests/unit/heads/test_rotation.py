import numpy as np
import pytest

from enxerto.heads.rotation import rotate


@pytest.mark.parametrize("shape", [(12, 30), (40, 7), (9000, 3)], ids=["wide", "tall", "several blocks"])
def test_the_rotation_keeps_every_logit(shape):
    generator = np.random.default_rng(0)
    features = (generator.normal(size=shape) * 3 + 5).astype(np.float32)
    rotation = rotate(features)
    coefficients, bias = generator.normal(size=(rotation.rows.shape[1], 2)), np.array([0.5, -1.0])
    weight, offset = rotation.unrotated(coefficients, bias)
    assert np.allclose(features @ weight.T + offset, rotation.rows @ coefficients + bias, atol=1e-4)
    assert np.allclose(rotation.axes.T @ rotation.axes, np.eye(rotation.axes.shape[1]), atol=1e-6)


def test_rows_have_a_mean_squared_length_of_one_along_principal_axes():
    features = np.random.default_rng(1).normal(size=(50, 20)).astype(np.float32) * np.arange(1, 21, dtype=np.float32)
    rotation = rotate(features)
    scatter = rotation.rows.T.astype(np.float64) @ rotation.rows / 50
    assert np.trace(scatter) == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(scatter, np.diag(rotation.variances), atol=1e-5)
    assert (np.diff(rotation.variances) <= 0).all()


def test_the_rank_is_what_the_photos_span():
    features = np.random.default_rng(2).normal(size=(6, 40)).astype(np.float32)
    assert rotate(np.vstack([features, features])).rows.shape == (12, 5)


@pytest.mark.parametrize("photos", [5, 50])
def test_constant_features_have_no_axes(photos):
    rotation = rotate(np.full((photos, 10), 0.1, dtype=np.float32))
    assert rotation.rows.shape == (photos, 0)
    weight, bias = rotation.unrotated(np.zeros((0, 3)), np.arange(3.0))
    assert not weight.any()
    assert bias.tolist() == [0.0, 1.0, 2.0]
