"""Log-likelihoods, means and quantiles of the heads beside scipy.stats and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from forecast.heads import NegativeBinomial, Normal, Poisson, Quantiles, StudentT
from forecast.heads.gamma_function import log_gamma_half, stirling_error
from forecast.models.compiled import value_and_gradients

RNG = np.random.default_rng(11)
RAW = RNG.normal(0.0, 2.0, (400, 3))
REAL = 3.0 * RNG.standard_normal(400)
COUNT_RAW = np.column_stack([RNG.gamma(0.7, 40.0, 400), RNG.normal(-1.0, 2.0, 400)])
COUNTS = RNG.poisson(COUNT_RAW[:, 0] * RNG.gamma(2.0, 0.5, 400)).astype(float)


def plus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)


def frozen(head, raw):
    """The same distribution of scipy."""
    if isinstance(head, Normal):
        return stats.norm(raw[..., 0], 0.001 + plus(raw[..., 1]))
    if isinstance(head, StudentT):
        degrees = head.degrees_of_freedom or 2.0 + plus(raw[..., 2])
        return stats.t(degrees, raw[..., 0], 0.001 + plus(raw[..., 1]))
    mean = 1e-6 + plus(10.0 * raw[..., 0]) / 10.0
    if isinstance(head, Poisson):
        return stats.poisson(mean)
    size = 1.0 / (1e-6 + plus(raw[..., 1]))
    return stats.nbinom(size, size / (size + mean))


CASES = [
    pytest.param(Normal(), RAW, REAL, id="normal"),
    pytest.param(StudentT(), RAW, REAL, id="student_t"),
    pytest.param(StudentT(3.5), RAW, REAL, id="student_t fixed"),
    pytest.param(Poisson(), COUNT_RAW[:, :1], COUNTS, id="poisson"),
    pytest.param(NegativeBinomial(), COUNT_RAW, COUNTS, id="negative_binomial"),
]


@pytest.mark.parametrize(("head", "raw", "target"), CASES)
def test_log_likelihoods_are_those_of_scipy(head, raw, target):
    scipy = frozen(head, raw)
    wanted = getattr(scipy, "logpmf" if head.of_counts else "logpdf")(target)
    found = np.asarray(head.log_likelihood(ops.convert_to_tensor(raw), target))
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)
    single = head.log_likelihood(*(ops.cast(a, "float32") for a in (raw, target)))
    np.testing.assert_allclose(np.asarray(single), wanted, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(("head", "raw", "target"), CASES)
def test_quantiles_and_means_are_those_of_scipy(head, raw, target):
    scipy, uniform = frozen(head, raw), np.random.default_rng(2).uniform(0.0, 1.0, len(raw))
    np.testing.assert_allclose(head.quantile(raw, uniform), scipy.ppf(uniform), rtol=1e-9)
    np.testing.assert_allclose(head.median(raw), scipy.ppf(0.5), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(head.mean(raw), scipy.mean(), rtol=1e-9)


@pytest.mark.parametrize(("head", "raw", "target"), CASES)
def test_the_loss_is_the_weighted_mean_of_negative_log_likelihoods(head, raw, target):
    weight = np.random.default_rng(4).uniform(0.0, 2.0, len(raw))
    wanted = np.average(-np.asarray(head.log_likelihood(raw, target)), weights=weight)
    assert float(head.loss(ops.convert_to_tensor(raw), target, weight)) == pytest.approx(wanted)


@pytest.mark.parametrize("x", [1e-6, 0.3, 1.0, 7.5, 200.0, 1e6, 1e9])
def test_gamma_functions(x):
    tensor = ops.convert_to_tensor(np.array(x))
    stirling = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi)
    if x < 1e3:
        np.testing.assert_allclose(
            float(stirling_error(tensor)), special.gammaln(x) - stirling, rtol=1e-11, atol=1e-12
        )
        half = special.gammaln(x + 0.5) - special.gammaln(x)
        np.testing.assert_allclose(float(log_gamma_half(tensor)), half, rtol=1e-11, atol=1e-12)
    else:
        assert float(stirling_error(tensor)) == pytest.approx(1 / (12 * x), abs=1e-14)
        wanted = 0.5 * np.log(x) + np.log1p(-1 / (8 * x))
        assert float(log_gamma_half(tensor)) == pytest.approx(wanted, rel=1e-13)


EXTREMES = np.array([-1e4, -30.0, 0.0, 30.0, 1e4, 1e8])


def grid(num_outputs):
    return np.stack(np.meshgrid(*[EXTREMES] * num_outputs), axis=-1).reshape(-1, num_outputs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "head",
    [Normal(), StudentT(), StudentT(2.0001), Poisson(), NegativeBinomial(), Quantiles((0.1, 0.6))],
    ids=repr,
)
def test_values_and_gradients_are_finite_at_extremes(head, dtype):
    """Scales from a thousandth to millions, counts of 0 and 1e6, degrees from 2 to 1e8."""
    raw = grid(head.num_outputs)
    targets = [0.0, 1.0, 1e6] if head.of_counts else [-20.0, 0.0, 20.0]
    for target in targets:
        came = ops.cast(np.full(len(raw), target), dtype)

        def total(at, came=came):
            return ops.sum(head.losses(at[0], came))

        losses, gradient = value_and_gradients(total, [ops.cast(raw, dtype)])
        assert np.isfinite(float(losses)) and np.isfinite(np.asarray(gradient)).all()
    for uniform in (2.0**-54, 0.5, 1.0 - 2.0**-53):
        assert np.isfinite(head.quantile(raw, np.full(len(raw), uniform))).all()


def test_degrees_of_freedom_without_end_are_a_normal_distribution():
    raw = np.array([[0.4, 0.2, 1e12], [0.4, 0.2, 1e7]])
    wanted = Normal().quantile(raw[:, :2], np.array([0.03, 0.03]))
    np.testing.assert_allclose(StudentT().quantile(raw, np.array([0.03, 0.03])), wanted, rtol=1e-6)
    likelihoods = [
        np.asarray(head.log_likelihood(ops.convert_to_tensor(part), np.array([2.0, -1.0])))
        for head, part in ((StudentT(), raw), (Normal(), raw[:, :2]))
    ]
    np.testing.assert_allclose(*likelihoods, rtol=1e-6)


def test_no_dispersion_is_the_poisson_distribution():
    raw = np.array([[3.0, -1e4], [800.0, -1e4]])
    found = NegativeBinomial().log_likelihood(ops.convert_to_tensor(raw), np.array([5.0, 790.0]))
    wanted = Poisson().log_likelihood(ops.convert_to_tensor(raw[:, :1]), np.array([5.0, 790.0]))
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-3)


QUANTILE_RAW = np.random.default_rng(8).normal(0.0, 1.5, (50, 4))
LEVELS = (0.05, 0.3, 0.6, 0.9)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.93, 0.999])
def test_one_share_of_arrays_and_tensors(share):
    head, raw = Quantiles((0.1, 0.2, 0.6, 0.9)), np.random.default_rng(2).normal(0, 2, (7, 4))
    wanted = head.quantile(raw, share)
    np.testing.assert_allclose(head.at(raw, share), wanted, rtol=1e-12)
    np.testing.assert_allclose(head.at(ops.convert_to_tensor(raw), share), wanted, rtol=1e-12)


def test_quantiles_never_cross_and_are_met_at_their_levels():
    head = Quantiles(LEVELS)
    values = head.values(QUANTILE_RAW)
    assert (np.diff(values, axis=1) > 0.0).all()
    np.testing.assert_array_equal(values[:, 2], QUANTILE_RAW[:, 2])
    for index, level in enumerate(LEVELS):
        found = head.quantile(QUANTILE_RAW, np.full(50, level))
        np.testing.assert_allclose(found, values[:, index], rtol=1e-12)
    as_tensor = np.asarray(head.values(ops.convert_to_tensor(QUANTILE_RAW)))
    np.testing.assert_allclose(as_tensor, values, rtol=1e-12)


def test_pinball_loss_beside_numpy():
    head, target = Quantiles(LEVELS), np.random.default_rng(1).normal(0.0, 3.0, 50)
    error = target[:, None] - head.values(QUANTILE_RAW)
    levels = np.array(LEVELS)
    wanted = 2.0 * np.where(error > 0, levels * error, (levels - 1.0) * error).mean(axis=1)
    found = head.losses(ops.convert_to_tensor(QUANTILE_RAW), ops.convert_to_tensor(target))
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-12)


def test_the_density_between_quantiles_integrates_to_the_levels():
    """On a fine grid: the share below q is the level whose quantile q is; and so is the mean."""
    head, shares = Quantiles(LEVELS), np.array([1e-7, 0.02, 0.5, 0.8, 0.97, 1 - 1e-7])
    for raw in QUANTILE_RAW[:4]:
        ends = head.quantile(raw, shares)
        for low, high, share in zip(ends[:-1], ends[1:], np.diff(shares), strict=True):
            middles = low + (high - low) * (np.arange(50_000) + 0.5) / 50_000
            tensors = (ops.convert_to_tensor(array) for array in (raw[None], middles))
            density = np.exp(np.asarray(head.log_likelihood(*tensors)))
            assert density.mean() * (high - low) == pytest.approx(share, abs=2e-4)
    uniform = (np.arange(400_000) + 0.5) / 400_000
    wanted = [head.quantile(raw, uniform).mean() for raw in QUANTILE_RAW[:5]]
    np.testing.assert_allclose(head.mean(QUANTILE_RAW[:5]), wanted, rtol=1e-4, atol=1e-4)


def test_a_start_fits_values_on_the_whole():
    """Weighted moments and quantiles of a large sample, each weighted as if it came twice."""
    rng = np.random.default_rng(3)
    values, weight = rng.standard_t(5.0, 40_000) * 0.6, np.repeat([1.0, 2.0], 20_000)
    real = np.zeros((40_000, 1))
    twice = np.concatenate([values, values[20_000:]])
    normal = Normal().start(real, values, weight)
    assert 0.001 + plus(normal[1]) == pytest.approx(np.sqrt((twice**2).mean()), rel=1e-9)
    student = StudentT().start(real, values, weight)
    assert 0.001 + plus(student[1]) == pytest.approx(0.6, rel=0.02)
    assert 2.0 + plus(student[2]) == pytest.approx(5.0)
    head = Quantiles(LEVELS)
    found = head.values(head.start(real, values, weight))
    np.testing.assert_allclose(found, np.quantile(twice, LEVELS), atol=0.01)
    counts = rng.negative_binomial(2.0, 2.0 / (2.0 + 7.0), 40_000).astype(float)
    raw = np.tile([[7.0, 0.0]], (40_000, 1))
    dispersion = plus(NegativeBinomial().start(raw, counts, weight)[1])
    assert dispersion == pytest.approx(0.5, rel=0.05)
