"""Ctrl-C ends a long call at once, whether or not its kernel looks for it; progress is told."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import py_rt as rt

q = rt.quant
RANDOM = np.random.default_rng(5)
# A kernel that does not look for Ctrl-C runs to its end behind the other tests: each is given some
# seconds of work, several times the second in which Ctrl-C must have ended the call.
WALKS = RANDOM.normal(size=(3000, 300)).cumsum(axis=0) + 1000.0
WIDE = RANDOM.normal(size=(900, 900))
COV = np.cov(RANDOM.normal(size=(1000, 600)).T)
LONG: dict[str, Callable[[], Any]] = {
    "zscore": lambda: q.zscore(WALKS.ravel()[:300_000], 2000, "robust"),
    "adf": lambda: q.adf(WALKS.T.ravel(), max_lag=400),
    "screen_pairs": lambda: q.screen_pairs(np.tile(WALKS, 3) + 0.1 * RANDOM.random((3000, 900)),
                                           lags="aic"),
    "lasso": lambda: q.lasso(WIDE, WIDE[0], 1e-7, tol=1e-14),
    "robust_pca": lambda: q.robust_pca(WIDE),
    "exhaustive": lambda: q.sparse_mean_reversion(WALKS[:, :60], 14, "exhaustive"),
    "hmm": lambda: q.GaussianHMM(6, 50).fit(WALKS[:, 0]),
    "nearest": lambda: q.nearest_covariance(COV - 0.4 * np.eye(600)),
    "mcmc": lambda: q.mcmc(lambda x: -0.5 * float(x @ x), np.zeros(5), 10**6),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c(name: str) -> None:
    sent: list[float] = []

    def press() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.15, press)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the signal may come on either line)
        timer.start()
        LONG[name]()
    assert time.perf_counter() - sent[0] < 1.0
    timer.join()


def test_progress_is_told_on_either_road() -> None:
    for table in (WALKS[:100, :20], WALKS):
        told: list[int] = []
        q.screen_pairs(table, progress=lambda *state, told=told: told.extend(state))
        assert told
        assert all(0 <= done <= total for done, total in zip(told[::2], told[1::2], strict=True))


def test_an_exception_of_progress_comes_out() -> None:
    def stop(done: int, total: int) -> None:
        raise LookupError(f"{done} of {total}")

    for table in (WALKS[:100, :20], WALKS):
        with pytest.raises(LookupError):
            q.screen_pairs(table, progress=stop)


def test_the_same_on_either_road() -> None:
    long = np.tile(WALKS[:, 0], 40)
    np.testing.assert_allclose(q.zscore(long, 20)[: len(WALKS)], q.zscore(WALKS[:, 0], 20))
    with pytest.raises(rt.Degenerate):
        q.adf(np.ones(60_000))
    with pytest.raises(rt.DataError) as caught:
        q.adf(np.where(np.arange(60_000) == 7, np.nan, 1.0))
    assert caught.value.where["row"] == 7
