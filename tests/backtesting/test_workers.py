"""Refits in processes of their own: the same numbers, and errors that arrive as themselves."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from backtesting.frames import ragged
from joblib.externals import loky

import forecast as fc
from forecast.backtesting import course
from forecast.backtesting import run as run_module
from forecast.backtesting.workers import _unpacked, num_workers

FRAME = ragged(gaps=0.03).drop(columns=["z", "price"])


def both_ways(forecasters, frame=FRAME, horizon=3, **options):
    serial = fc.cross_validation(forecasters, frame, horizon, n_jobs=1, **options)
    return serial, fc.cross_validation(forecasters, frame, horizon, n_jobs=2, **options)


@pytest.fixture
def one_worker(monkeypatch):
    """All folds in one process beside this one: to load the libraries takes each some seconds."""
    executor = loky.get_reusable_executor
    monkeypatch.setattr(loky, "get_reusable_executor", lambda max_workers: executor(1))


def test_closed_forms_are_the_same_to_the_bit():
    forecasters = [fc.AR(), fc.PooledAR(season_length=7), fc.ETS(season_length=7)]
    options = {"n_windows": 5, "refit": 2, "level": [80], "num_paths": 4}
    pd.testing.assert_frame_equal(*both_ways(forecasters, **options), check_exact=True)


@pytest.mark.slow
def test_a_network_is_the_same_to_the_bit(one_worker):
    pytest.importorskip("tensorflow")
    training = fc.Training(num_steps=4, num_checks=1)
    network = fc.LSTMForecaster(
        units=4,
        num_layers=1,
        design=fc.NetworkDesign(linear="highway"),
        training=training,
        season_length=7,
    )
    serial, parallel = both_ways(network, n_windows=3, refit=True, level=[80])
    pd.testing.assert_frame_equal(serial, parallel, check_exact=True)
    assert not np.allclose(
        serial["LSTM"], fc.cross_validation(network, FRAME, 3, n_windows=3, refit=False)["LSTM"]
    )


def test_a_class_of_the_users_own_script_is_taken_along(one_worker):
    told, options = [], {"n_windows": 3, "gap": 6}

    class Local(fc.Naive):
        def _estimate(self, task):
            told.append(task)
            if task.panel.lengths.max() > 115:
                raise ArithmeticError("no root at length 117")
            return super()._estimate(task)

    serial = fc.cross_validation(Local(alias="own"), FRAME, 3, n_jobs=1, **options)
    alone = len(told)
    parallel = fc.cross_validation(Local(alias="own"), FRAME, 3, n_jobs=2, **options)
    assert len(told) - alone == alone - 2  # two of the folds were fitted elsewhere
    pd.testing.assert_frame_equal(serial, parallel)
    with pytest.raises(ArithmeticError, match="no root at length 117"):
        fc.cross_validation(Local(), FRAME, 3, n_windows=4, n_jobs=2)
    # The worker that was stopped then is replaced.
    pd.testing.assert_frame_equal(*both_ways(Local(alias="own"), **options))


def test_a_worker_that_has_grown_is_replaced_without_a_word(one_worker):
    """Warnings are errors here, also in the thread that waits for the workers."""

    class Growing(fc.Naive):
        def _estimate(self, task):
            from joblib.externals.loky import process_executor

            if multiprocessing.parent_process() is not None:  # every size is too large from now on
                process_executor._MAX_MEMORY_LEAK_SIZE = -(2**60)
                process_executor._MEMORY_LEAK_CHECK_DELAY = 0.0
            return super()._estimate(task)

    pd.testing.assert_frame_equal(*both_ways(Growing(alias="own"), n_windows=4))


def test_a_class_that_no_worker_could_import_is_refused_clearly(monkeypatch):
    module = types.ModuleType("only_in_this_process")
    exec("import forecast as fc\nclass Stray(fc.Naive): pass", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_in_this_process", module)
    words = r"cannot be taken to another process .*only_in_this_process.* or say n_jobs=1"
    with pytest.raises(ValueError, match=words):
        fc.cross_validation(module.Stray(), FRAME, 3, n_windows=3, n_jobs=2)
    # Left to us, it is fitted here.
    monkeypatch.setattr(run_module, "num_workers", lambda *_: 2)
    found = fc.cross_validation(module.Stray(), FRAME, 3, n_windows=3)
    wanted = fc.cross_validation(fc.Naive(alias="Stray"), FRAME, 3, n_windows=3, n_jobs=1)
    pd.testing.assert_frame_equal(found, wanted)


def test_an_argument_that_cannot_be_sent_is_refused_clearly():
    class Locked(fc.Naive):
        def __init__(self, season_length=None, alias=None):
            super().__init__(alias=alias)
            self.lock = threading.Lock()

    with pytest.raises(ValueError, match=r"Locked cannot be taken .* or say n_jobs=1"):
        fc.cross_validation(Locked(), FRAME, 3, n_windows=3, n_jobs=2)


INTERRUPTED = """
import os, signal, threading, time
from backtesting.frames import ragged
import forecast as fc

class Sleeps(fc.Naive):
    def _estimate(self, task):
        if task.settled is not None or task.panel.lengths.max() > 110:
            time.sleep(60)
        return super()._estimate(task)

frame = ragged(gaps=0.03).drop(columns=["z", "price"])
signal.siginterrupt(signal.SIGINT, False)  # as fits of ETS, that is SciPy, leave it behind
threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
began = time.perf_counter()
try:
    fc.cross_validation(Sleeps(), frame, 3, n_windows=4, n_jobs=2)
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - began < 40)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent SIGINT alone")
def test_an_interrupt_does_not_wait_for_the_folds_that_are_left():
    """In a process of its own: in that of many tests, libraries have taken hold of Ctrl-C."""
    tests = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "PYTHONPATH": str(tests)}, capture_output=True, text=True, check=True,
        timeout=300,
    )  # fmt: skip
    assert done.stdout.split() == ["interrupted", "True"], done.stderr


def test_a_first_fit_that_chooses_says_nothing_of_the_others(monkeypatch):
    """Left to us, the second fold is fitted here: what it takes decides where the others are."""
    asked, now = [], [0.0]

    def one(n_jobs, num_folds, seconds):
        asked.append((num_folds, seconds))
        return 2 if seconds > 0.4 else 1

    class Choosing(fc.Naive):
        def _estimate(self, task):
            now[0] += 0.5 if task.settled is None else 0.125
            return replace(super()._estimate(task), settled="last value")

    monkeypatch.setattr(course, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(run_module, "num_workers", one)
    monkeypatch.setattr(run_module, "worked", lambda *_: pytest.fail("not worth a process"))
    found = fc.cross_validation(Choosing(alias="own"), FRAME, 3, n_windows=5, refit=True)
    assert asked == [(4, 0.75), (3, 0.125)]  # the first fit estimates two more times
    wanted = fc.cross_validation(fc.Naive(alias="own"), FRAME, 3, n_windows=5, n_jobs=1)
    pd.testing.assert_frame_equal(found, wanted)


def test_the_number_of_workers_is_left_to_us_where_it_pays(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    assert num_workers(None, 10, 1.9) == 1  # 19 s are not worth it
    assert num_workers(None, 10, 2.1) == 8
    assert num_workers(None, 3, 60.0) == 3
    assert num_workers(1, 10, 60.0) == 1
    assert num_workers(16, 4, 0.0) == 4
    assert num_workers(2, 0, 60.0) == 1
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    assert num_workers(None, 10, 60.0) == 1


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "two", True])
@pytest.mark.parametrize("run", [fc.cross_validation, fc.compare])
def test_a_number_of_jobs_is_at_least_one(run, wrong):
    with pytest.raises(ValueError, match="`n_jobs` must be a whole number of at least 1; got"):
        run(fc.Naive(alias="mine"), FRAME, 3, n_windows=2, n_jobs=wrong)


def test_seconds_of_workers_are_counted():
    seconds = fc.compare([], FRAME, 3, n_windows=3, n_jobs=2).run.seconds
    assert (seconds > 0).all(axis=None)


class Chatty:
    """What writes to standard error while it is loaded, as TensorFlow does."""

    def __reduce__(self):
        return os.write, (2, b"chatter")


def test_what_a_worker_loads_writes_nothing_to_the_terminal(capfd):
    assert _unpacked(pickle.dumps(Chatty())) == len(b"chatter")
    assert capfd.readouterr().err == ""
