"""Print the tables of docs/fill_study.md from the shared level-3 recordings.

python tools/make_fill_study.py [FOLDER]    default: ../shared/data beside the repository
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pandas as pd

import py_rt as rt

RECORDINGS = {
    "E-mini S&P 500, CME, 2023-12-25": "cme_mbo/esh4_20231225.mbo.dbn.zst",
    "GOOG, NASDAQ, 2012-06-21, 10 levels": "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip",
    "AAPL, NASDAQ, 2012-06-21, 1 level": "lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip",
    "BTC/USD, Bitstamp, 2015-05-01": "bitstamp_l3/raw_20150501.log.xz",
}
MODELS = ("risk_averse", "power(1)", "power(2)", "power(3)", "log", "fifo")


def lines(frame: pd.DataFrame) -> list[str]:
    """Format a table as Markdown, one cell a score."""
    head = ["| " + " | ".join(map(str, frame.columns)) + " |", "|---" * frame.shape[1] + "|"]
    return head + ["| " + " | ".join(map(str, row)) + " |" for row in frame.to_numpy().tolist()]


def by_model(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Lay the Brier scores of the models side by side."""
    wide = frame.pivot_table(
        index=[key, "n", "filled"], columns="model", values="brier", sort=False
    )
    wide = wide[list(MODELS)].map("{:.5f}".format).reset_index()
    wide["filled"] = wide["filled"].map("{:.4f}".format)
    return wide


def main(folder: Path) -> None:
    """Run the study on every recording."""
    for title, path in RECORDINGS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = rt.data.load(folder / path)
        study = rt.fill_study(data, models=MODELS, max_orders=10**9)
        guesses = study.table[study.table["model"] != "fifo"]
        best = guesses.groupby("model", sort=False)["brier"].mean().idxmin()
        print(f"\n### {title}\n\n{study.n_orders:,} orders; lowest Brier score: {best}.\n")
        print(*lines(by_model(study.table, "horizon")), sep="\n")
        last = study.table["horizon"].iloc[-1]
        near = study.by_position[study.by_position["horizon"] == last]
        print(f"\nBy what stood in front, in the order's own quantities, {last}:\n")
        print(*lines(by_model(near, "ahead")), sep="\n")
        wide = study.by_spread[study.by_spread["horizon"] == last]
        print(f"\nBy spread in ticks, {last}:\n")
        print(*lines(by_model(wide, "spread")), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
