"""The environments of the peers: each in its own, because several refuse each other.

python benches/peers.py install [name ...]    make .venv-peers/NAME and install into it
python benches/peers.py list                  say what is installed and what is not
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Peer", "installed", "version_of", "why_missing"]

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".venv-peers"


@dataclass(frozen=True)
class Peer:
    """One environment: what goes into it and which Python it needs."""

    name: str
    packages: tuple[str, ...]
    python_min: tuple[int, int] = (3, 11)
    pre: bool = False

    @property
    def home(self) -> Path:
        """Where the environment is."""
        return PLACE / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.home / "bin" / "python"

    @property
    def note(self) -> Path:
        """How its installation ended."""
        return self.home / "installed.json"


PEERS = {
    peer.name: peer
    for peer in (
        Peer("bt", ("numpy==2.2.6", "hftbacktest==2.4.4", "backtesting==0.6.6")),
        Peer("vbt", ("vectorbt==1.2.0",)),
        Peer("nt1", ("nautilus_trader==1.231.0",), python_min=(3, 12)),
        Peer("nt2", ("nautilus_trader==2.0.0rc6", "numpy"), python_min=(3, 12), pre=True),
        Peer("ta", ("TA-Lib==0.8.2", "numpy==2.4.6")),
        Peer(
            "quant",
            (
                "numpy==2.4.6",
                "scipy==1.17.1",
                "scikit-learn==1.9.1",
                "cvxpy==1.9.3",
                "clarabel==0.11.1",
                "piqp==0.6.4",
                "daqp==0.11.0",
                "statsmodels==0.15.0",
                "arch==8.0.0",
                "hmmlearn==0.3.3",
            ),
        ),
        Peer("net", ("aiohttp==3.14.5", "websockets==17.4", "orjson==3.13.0", "uvloop==0.23.0")),
        Peer("msgspec", ("msgspec==0.22.0",)),
    )
}


def installed(name: str) -> bool:
    """Say whether the environment was made completely."""
    note = PEERS[name].note
    return note.is_file() and json.loads(note.read_text())["ok"]


def why_missing(name: str) -> str:
    """Say in a few words why an environment is not there."""
    note = PEERS[name].note
    if not note.is_file():
        return f"environment {name} is not installed (make bench-peers)"
    return f"environment {name}: {json.loads(note.read_text())['reason']}"


def version_of(name: str, package: str) -> str | None:
    """Return the version of a package in an environment, if it was made."""
    for requirement in PEERS[name].packages if installed(name) else ():
        if requirement.startswith(f"{package}=="):
            return requirement.partition("==")[2]
    return None


def _find_python(least: tuple[int, int]) -> str | None:
    """Find an interpreter that is new enough: this one, those on the path, those of pyenv."""
    names = [f"python3.{minor}" for minor in range(least[1], 15)]
    found = [sys.executable, *filter(None, map(shutil.which, names))]
    versions = Path.home() / ".pyenv" / "versions"
    for name in names:
        found += sorted(str(path) for path in versions.glob(f"*/bin/{name}"))
    for path in found:
        test = f"import sys, ensurepip; sys.exit(sys.version_info < {least})"
        if subprocess.run([path, "-c", test], capture_output=True, check=False).returncode == 0:
            return path
    return None


def install(peer: Peer) -> str:
    """Make one environment. Returns the reason why that failed, or nothing."""
    python = _find_python(peer.python_min)
    if python is None:
        return f"needs Python {'.'.join(map(str, peer.python_min))} or newer, none was found"
    shutil.rmtree(peer.home, ignore_errors=True)
    pip = [str(peer.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [python, "-m", "venv", str(peer.home)],
        [*pip, *(["--pre"] if peer.pre else []), *peer.packages],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
            return lines[-1] if lines else f"{step[2]} failed"
    return ""


def main(words: list[str]) -> int:
    """Run the command."""
    if not words or words[0] not in ("install", "list"):
        print(__doc__)
        return 2
    unknown = set(words[1:]) - set(PEERS)
    if unknown:
        print(f"unknown environment {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
        return 2
    for name in words[1:] or PEERS:
        peer = PEERS[name]
        if words[0] == "install" and not installed(name):
            print(f"==> {name}: {' '.join(peer.packages)}", flush=True)
            reason = install(peer)
            peer.home.mkdir(parents=True, exist_ok=True)
            peer.note.write_text(json.dumps({"ok": not reason, "reason": reason}))
        print(f"  {name:4} {'installed' if installed(name) else why_missing(name)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
