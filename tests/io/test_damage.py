"""2,000 damaged bundles: each is refused with a BundleError or loads, fast and in little memory."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bundle_damage import damage, places
from io_samples import long_frame, members, write_members

import forecast as fc
from forecast.archive.archive import to_json
from forecast.io import BundleError, load, save
from forecast.io.contents import describe

TRAINING = fc.Training(num_steps=2, num_checks=1)
FORECASTERS = {
    "AR": lambda: fc.AR(lags=3),
    "PooledAR": lambda: fc.PooledAR(lags=3),
    "Pipeline": lambda: fc.Pipeline([fc.Difference(), fc.StandardScaler(), fc.AR(lags=2)]),
    "Combine": lambda: fc.Combine([fc.AR(lags=2), fc.SeasonalNaive(12)], method="weighted"),
    "ETS": lambda: fc.ETS(),
    "LSTM": lambda: fc.LSTMForecaster(
        units=4, num_layers=1, design=fc.NetworkDesign(linear="highway"), training=TRAINING
    ),
}
MEMORY = 2**30
SECONDS = 5.0  # of the processor: a machine that stands still is no fault of a bundle


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Members of a sound bundle of each forecaster, and what it loads as."""
    found = {}
    for name, forecaster in FORECASTERS.items():
        path = tmp_path_factory.mktemp("sound") / "model.kfc"
        save(forecaster().fit(long_frame(), horizon=4), path)
        found[name] = members(path), describe(load(path))
    return found


@contextlib.contextmanager
def little_memory(more: int = MEMORY) -> Iterator[None]:
    """At most so many bytes more than the process has now; a MemoryError beyond."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    now = pages * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def numbers(content, manifest=None):
    """Places of the manifest where a whole number or nothing stands."""
    manifest = manifest or json.loads(content["manifest.json"])
    sections = (manifest[name] for name in ("forecaster", "model", "fitted", "store", "reading"))
    everywhere = [place for section in sections for place in places(section)]
    return [(at, key) for at, key in everywhere if at[key] is None or type(at[key]) is int]


def assert_same(found, expected) -> None:
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    for name, array in expected[1].items():
        np.testing.assert_array_equal(found[1][name], array, strict=True)


def damaged_and_loaded(name: str, seed: int, sound, folder) -> str:
    """What becomes of one damaged bundle."""
    content, expected = sound[name]
    random = np.random.default_rng([seed, *name.encode()])
    path, trap = folder / "model.kfc", folder / "trap"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a zip file with a name twice
        must_be_same = damage(random, content, path, trap)
    start = time.process_time()
    try:
        loaded = load(path)
    except BundleError as error:
        assert str(path) in str(error)
        assert len(str(error)) < 2000
        return "refused"
    finally:
        assert time.process_time() - start < SECONDS, seed
        assert not trap.exists(), f"a pickle was loaded: {seed}"
    if must_be_same:
        assert_same(describe(loaded), expected)
    return "loaded"


@pytest.mark.parametrize("name", FORECASTERS)
def test_damage_is_refused_or_harmless(name, sound, tmp_path):
    found = []
    with little_memory():
        for seed in range(334):
            try:
                found.append(damaged_and_loaded(name, seed, sound, tmp_path))
            except Exception as error:
                raise AssertionError(f"{name}, seed {seed}: {error!r}") from error
    assert found.count("refused") > 300


@pytest.mark.parametrize("name", FORECASTERS)
def test_every_setting_may_be_huge(name, sound, tmp_path):
    """One number of the manifest after the other: a billion of anything is never made."""
    content, _ = sound[name]
    path = tmp_path / "model.kfc"
    with little_memory():
        for index, number in itertools.product(range(len(numbers(content))), (10**9, 10**6, -3)):
            manifest = json.loads(content["manifest.json"])
            place, key = numbers(content, manifest)[index]
            place[key] = number
            write_members(path, content | {"manifest.json": to_json(manifest)})
            start = time.process_time()
            with contextlib.suppress(BundleError):
                load(path)
            assert time.process_time() - start < SECONDS, (key, number)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORECASTERS)
def test_much_more_damage(name, sound, tmp_path):
    with little_memory():
        for seed in range(1000, 1150):
            damaged_and_loaded(name, seed, sound, tmp_path)


@pytest.mark.parametrize("name", FORECASTERS)
def test_the_sound_bundle_loads(name, sound, tmp_path):
    content, expected = sound[name]
    assert_same(describe(load(write_members(tmp_path / "model.kfc", content))), expected)
