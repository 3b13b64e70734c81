"""Photograph the report in a real browser, to be looked at; fails on any error or request.

Run by hand: ``python tests/system/report_shots.py FOLDER [REPORT.html ...]``. Without reports it
makes some from the test runs. Needs Chromium; ``CHROMIUM`` names another program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from unit import made_runs

SIZES = {"desktop": (1280, 4800), "phone": (500, 7600)}
SCHEMES = {"light": "1", "dark": "0"}
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
)
# What the page itself complains about; the browser's own chatter has no source of the page.
COMPLAINT = re.compile(r".*CONSOLE.*(?:Uncaught|Refused|Error|violates).*")


def main(arguments: list[str]) -> int:
    """Photograph each report in every size and scheme; return 1 when the page complained."""
    folder = Path(arguments[0] if arguments else "report-shots")
    folder.mkdir(parents=True, exist_ok=True)
    reports = [Path(name) for name in arguments[1:]] or made_reports(folder)
    complaints = []
    for report in reports:
        for size in SIZES:
            for scheme in SCHEMES:
                picture = folder / f"{report.stem}-{size}-{scheme}.png"
                complaints += photograph(report, picture, size, scheme)
                sys.stdout.write(f"{picture}\n")
    sys.stderr.write("".join(f"{complaint}\n" for complaint in complaints))
    return 1 if complaints else 0


def made_reports(folder: Path) -> list[Path]:
    """Write reports of the test runs: a month of bars, minutes of trades, and nothing at all."""
    runs = {
        "bars": made_runs.cross_run(made_runs.minute_market(("AAPL", "MSFT", "XOM"))),
        "trades": made_runs.quoter_run(made_runs.trade_market(60_000)),
        "nothing": made_runs.result_of(made_runs.minute_market(days=1), [], "Nothing", {}),
    }
    return [run.report(folder / f"{name}.html") for name, run in runs.items()]


def photograph(report: Path, picture: Path, size: str, scheme: str) -> list[str]:
    """Take one picture and return what the page complained about."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    if browser is None:
        return ["Chromium is not installed; on Debian: apt-get install chromium"]
    width, height = SIZES[size]
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *QUIET,
            f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
            f"--user-data-dir={profile}",
            f"--screenshot={picture.resolve()}",
            f"--window-size={width},{height}",
            report.resolve().as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = COMPLAINT.findall(done.stderr)
    if not picture.exists():
        found.append(f"no picture of {report}: {done.stderr[-500:]}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
