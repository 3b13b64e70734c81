"""Simulate the limit laws of the Johansen statistics: python tools/quant_johansen_quantiles.py out.

The 5 % values of MacKinnon, Haug and Michelis (1999) are at hand for all five cases, the 10 % and
1 % values for cases 1, 3 and 5. Those of cases 2 and 4 are simulated here and rescaled by published
over simulated 5 % quantile, which takes most of the error of the discrete steps and of the sample
away; the same figures of cases 1, 3 and 5 show how much is left.

Every replication is one Brownian motion of 12 dimensions; its first m give the law of dimension m.
"""

from __future__ import annotations

import json
import sys

import numpy as np

DIMENSIONS = 12
STEPS = 1000
BATCH = 500
LEVELS = (0.90, 0.95, 0.99)


def residual(zz: np.ndarray, ze: np.ndarray, out: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Project the columns `out` away, by Schur complements of the moments."""
    solved = np.linalg.solve(
        zz[:, out][:, :, out], np.concatenate([zz[:, out], ze[:, out]], axis=2)
    )
    across = zz[:, :, out]
    k = zz.shape[2]
    return zz - across @ solved[:, :, :k], ze - across @ solved[:, :, k:]


def batch(random: np.random.Generator) -> np.ndarray:
    """Return the statistics of one batch: (replication, dimension, case, trace or largest)."""
    e = random.standard_normal((BATCH, STEPS, DIMENSIONS)) / np.sqrt(STEPS)
    walk = np.cumsum(e, axis=1) - e
    t = (np.arange(STEPS) + 0.5) / STEPS - 0.5
    trends = np.broadcast_to(np.stack([np.ones(STEPS), t, t * t], axis=1), (BATCH, STEPS, 3))
    z = np.concatenate([walk, trends], axis=2)
    turned = np.swapaxes(z, 1, 2)
    zz, ze = turned @ z, turned @ e
    demeaned = residual(zz, ze, [12])
    detrended = residual(zz, ze, [12, 13])
    found = np.empty((BATCH, DIMENSIONS, 5, 2))
    for m in range(1, DIMENSIONS + 1):
        full, short = list(range(m)), list(range(m - 1))
        cases = [
            (zz, ze, full),
            (zz, ze, [*full, 12]),
            (*demeaned, [*short, 13]),
            (*demeaned, [*full, 13]),
            (*detrended, [*short, 14]),
        ]
        for case, (b, a, rows) in enumerate(cases):
            cross = a[:, rows][:, :, :m]
            law = np.swapaxes(cross, 1, 2) @ np.linalg.solve(b[:, rows][:, :, rows], cross)
            law *= STEPS
            values = np.linalg.eigvalsh(law)
            found[:, m - 1, case, 0] = values.sum(axis=1)
            found[:, m - 1, case, 1] = values[:, -1]
    return found


def main() -> None:
    """Simulate and write the quantiles as JSON: [level][dimension][case][trace, largest]."""
    replications = int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
    random = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1999)
    found = np.concatenate([batch(random) for _ in range(replications // BATCH)])
    quantiles = np.quantile(found, LEVELS, axis=0)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"steps": STEPS, "replications": replications, "q": quantiles.tolist()}, file)


if __name__ == "__main__":
    main()
