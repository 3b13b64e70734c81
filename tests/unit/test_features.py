"""Features against independent computations, stream equals batch, refusals by name."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from py_rt import features
from py_rt.errors import DataError, Degenerate, ParameterError

RANDOM = np.random.default_rng(17)
N = 600


def book(n: int = N, depth: int = 4, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Levels of a book that moves by ticks of 0.5 and is missing levels now and then."""
    random = np.random.default_rng(seed)
    mid = 100 + 0.5 * random.integers(-1, 2, n).cumsum()
    spread = 0.5 * random.integers(1, 3, n)
    steps = 0.5 * np.arange(depth)
    bid, ask = mid[:, None] - steps, (mid + spread)[:, None] + steps
    bid_qty, ask_qty = (random.integers(1, 9, (n, depth)).astype(float) for _ in range(2))
    gone = random.uniform(size=(n, depth)) < 0.1
    gone[:, 0] = False
    bid[gone], bid_qty[gone] = np.nan, 0.0
    return bid, bid_qty, ask, ask_qty


def test_queue_imbalance() -> None:
    bid, bid_qty, ask, ask_qty = book()
    for depth in (1, 3):
        b, a = bid_qty[:, :depth].sum(axis=1), ask_qty[:, :depth].sum(axis=1)
        found = features.QueueImbalance(depth).batch(bid, bid_qty, ask, ask_qty)
        np.testing.assert_array_equal(found, (b - a) / (b + a))


def test_order_flow_imbalance_level_by_level() -> None:
    bid, bid_qty, ask, ask_qty = book()
    found = features.OrderFlowImbalance(4).batch(bid, bid_qty, ask, ask_qty)
    b, a = np.where(np.isnan(bid), -np.inf, bid), np.where(np.isnan(ask), np.inf, ask)
    up = np.where(b[1:] >= b[:-1], bid_qty[1:], 0) - np.where(b[1:] <= b[:-1], bid_qty[:-1], 0)
    down = np.where(a[1:] <= a[:-1], ask_qty[1:], 0) - np.where(a[1:] >= a[:-1], ask_qty[:-1], 0)
    np.testing.assert_array_equal(found[1:], up - down)
    assert np.isnan(found[0]).all()
    first = features.OrderFlowImbalance().batch(bid, bid_qty, ask, ask_qty)
    np.testing.assert_array_equal(first, found[:, 0])


def test_books_of_a_recording_go_in_as_they_are() -> None:
    import py_rt.data

    books = py_rt.data.sample("btcusdt_l2").books(depth=5, at="1s")
    flow = features.OrderFlowImbalance(5).batch(books)
    assert flow.shape == (len(books), 5)
    assert np.isnan(flow[~books.valid]).all()
    mid = (books.bid_price[:, 0] + books.ask_price[:, 0]) / 2
    weighted = features.WeightedMid().batch(books)
    valid = books.valid
    assert (np.abs(weighted - mid)[valid] <= (books.ask_price - books.bid_price)[valid, 0]).all()
    micro = features.MicroPrice(0.1, 4, 1).fit(books).batch(books)
    assert np.isfinite(micro[valid]).all()
    # A gap: what is told begins anew behind it.
    broken = [np.array(getattr(books, name)) for name in
              ("bid_price", "bid_qty", "ask_price", "ask_qty")]  # fmt: skip
    place = int(np.flatnonzero(valid)[20])
    broken[0][place], broken[2][place] = np.nan, np.nan
    told = features.OrderFlowImbalance(5).batch(*broken)
    assert np.isnan(told[place : place + 2]).all()
    np.testing.assert_array_equal(told[place + 2 :], flow[place + 2 :])


def test_flow_explains_moves_of_the_mid() -> None:
    """Cont, Kukanov and Stoikov: the mid moves with the flow, on real data too."""
    import py_rt.data

    books = py_rt.data.sample("btcusdt_l2").books(depth=1)
    flow = features.OrderFlowImbalance().batch(books)
    mid = (books.bid_price[:, 0] + books.ask_price[:, 0]) / 2
    told = np.isfinite(flow[1:]) & np.isfinite(np.diff(mid))
    assert np.corrcoef(flow[1:][told], np.diff(mid)[told])[0, 1] > 0.2


def test_micro_price_is_the_solution_of_its_equations() -> None:
    bid, bid_qty, ask, ask_qty = (side[:, 0] for side in book(4_000, 1, seed=8))
    buckets, spreads, tick = 3, 2, 0.5
    micro = features.MicroPrice(tick, buckets, spreads).fit(bid, bid_qty, ask, ask_qty)

    def state(b: float, bq: float, a: float, aq: float) -> int | None:
        s = round((a - b) / tick)
        if not 1 <= s <= spreads:
            return None
        return (s - 1) * buckets + min(int(bq / (bq + aq) * buckets), buckets - 1)

    def mirror(i: int) -> int:
        return i - i % buckets + buckets - 1 - i % buckets

    n = buckets * spreads
    q, t, k = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    rows = list(zip(bid, bid_qty, ask, ask_qty, strict=True))
    for before, after in pairwise(rows):
        i, j = state(*before), state(*after)
        if i is None or j is None:
            continue
        move = (after[0] + after[2] - before[0] - before[2]) / 2
        for a, b, change in ((i, j, move), (mirror(i), mirror(j), -move)):
            (q if move == 0 else t)[a, b] += 1
            k[a] += change
    visits = q.sum(axis=1) + t.sum(axis=1)
    q, t, k = q / visits[:, None], t / visits[:, None], k / visits
    g = np.linalg.solve(np.eye(n) - q, k)
    b = np.linalg.solve(np.eye(n) - q, t)
    total, step = g.copy(), g
    for _ in range(2_000):
        step = b @ step
        total += step
    np.testing.assert_allclose(micro.adjustments_.ravel(), total, atol=1e-9)
    # The book seen in a mirror has the mirrored adjustment.
    np.testing.assert_allclose(micro.adjustments_, -micro.adjustments_[:, ::-1], atol=1e-9)


def paid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mid = 100 + RANDOM.normal(0, 0.1, N).cumsum()
    side = RANDOM.choice([-1.0, 1.0], N)
    return mid + side * RANDOM.uniform(0, 0.1, N), side, mid


def test_spreads_and_impact() -> None:
    price, side, mid = paid()
    effective = features.EffectiveSpread().batch(price, side, mid)
    np.testing.assert_array_equal(effective, 2 * side * (price - mid))
    for lag in (1, 7):
        realized = features.RealizedSpread(lag).batch(price, side, mid)
        impact = features.PriceImpact(lag).batch(price, side, mid)
        assert np.isnan(realized[:lag]).all()
        np.testing.assert_array_equal(realized[lag:], 2 * side[:-lag] * (price[:-lag] - mid[lag:]))
        np.testing.assert_allclose(realized[lag:] + impact[lag:], effective[:-lag], atol=1e-12)


def test_kyles_lambda_is_the_slope_of_a_regression() -> None:
    flow = RANDOM.normal(0, 5, N)
    price = 100 + (0.03 * flow + RANDOM.normal(0, 0.01, N)).cumsum()
    found = features.KyleLambda(50).batch(price, flow)
    assert np.isnan(found[:50]).all()
    for i in range(50, N, 61):
        slope = np.polyfit(flow[i - 49 : i + 1], np.diff(price[i - 50 : i + 1]), 1)[0]
        np.testing.assert_allclose(found[i], slope, rtol=1e-9)
    assert abs(found[-1] - 0.03) < 0.002


def test_vpin_of_a_naive_twin() -> None:
    qty, side = RANDOM.integers(1, 30, N).astype(float), RANDOM.choice([-1, 0, 1], N)
    qty[100] = 7_000.0  # a trade of many buckets
    bucket, buckets = 50.0, 8
    found = features.VPIN(bucket, buckets).batch(qty, side)
    units = np.repeat(side, qty.astype(int)).astype(float)
    ends = np.cumsum(qty)
    for i in range(0, N, 13):
        full = int(ends[i] // bucket)
        if full < buckets:
            assert np.isnan(found[i])
            continue
        filled = units[: int(full * bucket)].reshape(full, int(bucket)).sum(axis=1)
        expected = np.abs(filled[-buckets:]).sum() / (buckets * bucket)
        np.testing.assert_allclose(found[i], expected, rtol=1e-12)


def test_hawkes_intensity_is_the_sum_over_the_past() -> None:
    times = np.cumsum(RANDOM.exponential(1e8, 300)).astype(np.int64)
    mu, alpha, beta = 0.7, 0.5, 3.0
    found = features.HawkesIntensity(mu, alpha, beta).batch(times)
    ages = (times[:, None] - times[None, :]) / 1e9
    kernel = np.where(ages >= 0, np.exp(-beta * np.maximum(ages, 0)), 0.0)
    np.testing.assert_allclose(found, mu + alpha * kernel.sum(axis=1), rtol=1e-12)
    hawkes = features.HawkesIntensity(mu, alpha, beta)
    assert [hawkes.update(int(t)) for t in times] == found.tolist()
    hawkes.reset()
    assert hawkes.update(5) == found[0]
    with pytest.raises(DataError, match="before"):
        hawkes.update(4)
    with pytest.raises(DataError, match="row 2"):
        hawkes.batch([1, 5, 4])


def walk(noise: float = 0.0, jump: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(3)
    log = random.normal(0, 0.001, 2_000).cumsum()
    log[1_000:] += jump
    return 100 * np.exp(log + random.normal(0, noise, log.size))


def test_variance_with_and_without_jumps() -> None:
    price = walk(jump=0.03)
    r = np.diff(np.log(price))
    n = 400
    rv, bv = features.RealizedVariance(n).batch(price), features.BipowerVariation(n).batch(price)
    share = features.JumpShare(n).batch(price)
    for i in range(n, price.size, 97):
        window = r[i - n : i]
        squares = (window**2).sum()
        bipower = np.pi / 2 * n / (n - 1) * (np.abs(window[1:]) * np.abs(window[:-1])).sum()
        np.testing.assert_allclose(rv[i], squares, rtol=1e-12)
        np.testing.assert_allclose(bv[i], bipower, rtol=1e-12)
        np.testing.assert_allclose(share[i], max(0.0, 1 - bipower / squares), atol=1e-12)
    assert share[1_100] > 0.5, "a jump of 3 % is most of the variance"
    assert abs(bv[1_100] / (n * 1e-6) - 1) < 0.6 < rv[1_100] / (n * 1e-6) - 1, (
        "and hardly any of the bipower variation"
    )


def test_variance_under_noise() -> None:
    price = walk(noise=0.002)
    log = np.log(price)
    n, k = 1_000, 30
    found = features.TwoScaleVariance(n, k).batch(price)
    for i in range(n, price.size, 211):
        window = log[i - n : i + 1]
        slow = ((window[k:] - window[:-k]) ** 2).sum() / k
        share = (n - k + 1) / k / n
        expected = (slow - share * (np.diff(window) ** 2).sum()) / (1 - share)
        np.testing.assert_allclose(found[i], expected, rtol=1e-10)
    truth = n * 1e-6
    noisy = features.RealizedVariance(n).batch(price)[-1]
    assert noisy > 5 * truth
    assert abs(found[-1] / truth - 1) < 0.5
    kernel = features.realized_kernel(price[-n - 1 :], 40)
    assert abs(kernel / truth - 1) < 0.5


def test_realized_kernel_is_its_quadratic_form() -> None:
    price = walk(noise=0.001)[:300]
    r = np.diff(np.log(price))
    h = np.abs(np.subtract.outer(np.arange(r.size), np.arange(r.size)))
    for bandwidth in (0, 1, 12):
        x = h / (bandwidth + 1)
        weights = np.where(x <= 0.5, 1 - 6 * x**2 + 6 * x**3, 2 * (1 - np.minimum(x, 1)) ** 3)
        expected = r @ weights @ r
        np.testing.assert_allclose(features.realized_kernel(price, bandwidth), expected, rtol=1e-11)
    with pytest.raises(DataError, match="at least"):
        features.realized_kernel(price[:5], 4)
    with pytest.raises(DataError, match="row 3"):
        features.realized_kernel([1.0, 2.0, 3.0, 0.0, 2.0], 1)
    with pytest.raises(ParameterError):
        features.realized_kernel(price, -1)


def test_amihud_and_roll() -> None:
    price, volume = walk(), RANDOM.integers(0, 4, 2_000).astype(float)
    n = 30
    found = features.Amihud(n).batch(price, volume)
    ratio = np.full(price.size, np.nan)
    traded = volume > 0
    move = np.abs(np.diff(price, prepend=np.nan) / np.r_[np.nan, price[:-1]])
    ratio[traded] = move[traded] / (price * volume)[traded]
    for i in range(n, price.size, 173):
        np.testing.assert_allclose(found[i], np.nanmean(ratio[i - n + 1 : i + 1]), rtol=1e-10)
    bounce = 100 + 0.05 * RANDOM.choice([-1, 1], 2_000)  # trades at the bid and ask of 0.1
    spread = features.Roll(1_500).batch(bounce)
    d = np.diff(bounce)[-1_501:]
    expected = 2 * np.sqrt(-np.cov(d[1:], d[:-1])[0, 1])
    np.testing.assert_allclose(spread[-1], expected, rtol=1e-10)
    assert abs(spread[-1] - 0.1) < 0.005
    assert features.Roll(3).batch([1.0, 2.0, 4.0, 8.0, 16.0])[-1] == 0.0


def cases() -> list[tuple[str, Any, tuple[np.ndarray, ...]]]:
    price, side, mid = paid()
    qty = RANDOM.uniform(0, 5, N)
    touch = tuple(side[:, 0] for side in book(N, 1))
    micro = features.MicroPrice(0.5, 3, 2).fit(*touch)
    return [
        ("EffectiveSpread", features.EffectiveSpread(), (price, side, mid)),
        ("RealizedSpread", features.RealizedSpread(3), (price, side, mid)),
        ("PriceImpact", features.PriceImpact(3), (price, side, mid)),
        ("KyleLambda", features.KyleLambda(20), (price, side * qty)),
        ("VPIN", features.VPIN(20.0, 5), (qty, side)),
        ("Amihud", features.Amihud(9), (price, qty)),
        ("Roll", features.Roll(9), (price,)),
        ("RealizedVariance", features.RealizedVariance(9), (price,)),
        ("BipowerVariation", features.BipowerVariation(9), (price,)),
        ("JumpShare", features.JumpShare(9), (price,)),
        ("TwoScaleVariance", features.TwoScaleVariance(20, 4), (price,)),
        ("QueueImbalance", features.QueueImbalance(), touch),
        ("OrderFlowImbalance", features.OrderFlowImbalance(), touch),
        ("WeightedMid", features.WeightedMid(), touch),
        ("MicroPrice", micro, touch),
    ]


@pytest.mark.parametrize(("name", "one", "columns"), cases(), ids=[name for name, *_ in cases()])
def test_stream_equals_batch_to_the_last_bit(name: str, one: Any, columns: Any) -> None:
    batch = one.batch(*columns)
    told = np.array([one.update(*map(float, row)) for row in zip(*columns, strict=True)])
    np.testing.assert_array_equal(told, batch)
    assert np.isfinite(told[-1])
    spoiled = [column.copy() for column in columns]
    spoiled[-1][5] = np.inf
    if name not in {"WeightedMid", "MicroPrice"}:
        with pytest.raises(DataError, match="row 5"):
            one.batch(*spoiled)


def test_deep_books_stream_like_batches() -> None:
    sides = book()
    for kind in (features.QueueImbalance, features.OrderFlowImbalance):
        one = kind(3)
        batch = one.batch(*sides)
        told = np.array([one.update(*row) for row in zip(*sides, strict=True)])
        np.testing.assert_array_equal(told, batch)


def test_every_feature_is_tried() -> None:
    tried = {name for name, *_ in cases()} | {"HawkesIntensity", "realized_kernel"}
    assert tried == set(features.__all__)


def test_bad_parameters_are_named() -> None:
    for made, field in (
        (lambda: features.KyleLambda(1), "period"),
        (lambda: features.VPIN(0.0), "bucket"),
        (lambda: features.VPIN(1.0, 0), "buckets"),
        (lambda: features.RealizedSpread(0), "lag"),
        (lambda: features.TwoScaleVariance(5, 5), "fast"),
        (lambda: features.HawkesIntensity(-1.0, 0.5, 1.0), "mu"),
        (lambda: features.HawkesIntensity(1.0, 0.5, 0.0), "beta"),
        (lambda: features.QueueImbalance(0), "depth"),
        (lambda: features.MicroPrice(0.5, 99).fit(*(s[:, 0] for s in book())), "buckets"),
        (lambda: features.MicroPrice(0.5).batch(*book()), "fit"),
        (lambda: features.OrderFlowImbalance(9).batch(*book()), "depth"),
    ):
        with pytest.raises(ParameterError) as caught:
            made()
        assert caught.value.field == field
    still = [np.full(20, x) for x in (10.0, 1.0, 10.5, 2.0)]
    with pytest.raises(Degenerate, match="never changes"):
        features.MicroPrice(0.5).fit(*still)
    with pytest.raises(ParameterError, match="missing"):
        features.QueueImbalance().batch([1.0], [1.0])
    with pytest.raises(DataError, match="shape"):
        features.QueueImbalance().batch([1.0], [1.0], [2.0, 3.0], [1.0, 1.0])
    with pytest.raises(DataError, match="above 0"):
        features.RealizedVariance(3).batch([1.0, 0.0])
