"""Canaries: keys that are looked for in everything a session writes, says, dumps and starts."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from py_rt.errors import ConfigError
from py_rt.trade import read_config
from py_rt.trade.secrets import from_file, from_keyring
from system.rig import COINS, Rig, assert_no_file_knows, await_that, rig

pytestmark = pytest.mark.system

KEY, SECRET = "PKCANARYCANARYCANARY", "canaryCANARYcanaryCANARYcanaryCANARYcanary"
# What the venue is made from, and what it tells its own starter (owner-only).
OF_THE_VENUE = {"venue.toml", "venue.json"}
STRATEGY = """\
import py_rt as rt


class Loud(rt.Strategy):
    def on_start(self, ctx):
        {body}
"""


@pytest.fixture
def coins(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, COINS, 5, (KEY, SECRET)) as found:
        yield found


def assert_silent(text: str | bytes, where: object) -> None:
    raw = text if isinstance(text, bytes) else text.encode()
    for canary in (KEY, SECRET):
        assert canary.encode() not in raw, where


def assert_files_silent(folder: Path) -> None:
    assert_no_file_knows(folder, (KEY, SECRET), but=OF_THE_VENUE)


def programs_of(pid: int) -> list[int]:
    """Return the children that are programs of their own: before that a fork is its parent."""

    def words(one: int) -> bytes:
        return Path(f"/proc/{one}/cmdline").read_bytes()

    return [one for one in children_of(pid) if words(one) != words(pid)]


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout
    return [int(one) for one in found.split()]


def test_a_session_writes_its_keys_nowhere(coins: Rig) -> None:
    child = coins.start(0)
    coins.orders_after(child, 5)
    assert_silent(Path(f"/proc/{child.pid}/cmdline").read_bytes(), "command line")
    for one in children_of(child.pid):
        assert_silent(Path(f"/proc/{one}/environ").read_bytes(), "environment of a child")
    assert_files_silent(coins.folder)
    child.kill()
    assert_silent(child.communicate()[0], "standard output")
    summary = coins.finish(1)
    assert_silent(str(summary), "summary")
    assert_files_silent(coins.folder)
    assert (coins.folder / "venue.json").stat().st_mode & 0o077 == 0


def test_the_dead_mans_switch_inherits_no_keys(coins: Rig) -> None:
    coins.dead_man_s = 5
    child = coins.start(0)
    coins.orders_after(child, 5)
    beside = children_of(child.pid)
    assert beside, "the switch is a process of its own"
    for one in beside:
        assert_silent(Path(f"/proc/{one}/environ").read_bytes(), "environment of a child")
    child.send_signal(signal.SIGINT)
    coins.assert_equal(coins.ended(child, 60))


@pytest.mark.parametrize(
    ("what", "replaced", "by"),
    [
        ("nobody answers", "http://127.0.0.1:{port}", "http://127.0.0.1:1"),
        ("a host that is not the venue's", "http://127.0.0.1:{port}", "https://venue.example"),
        ("an unknown key", "dialect =", "dialct ="),
        ("a symbol that is not known", '"ETH/USD"', '"NOT/KNOWN"'),
        ("live where it is paper", "[risk]", 'mode = "live"\n[risk]'),
    ],
)
def test_no_error_says_the_keys(coins: Rig, what: str, replaced: str, by: str) -> None:
    coins.start(1).communicate(timeout=40)
    place = coins.folder / "trade.toml"
    written = place.read_text("utf-8").replace(replaced.format(port=coins.port), by)
    place.write_text(written, "utf-8")
    for more in (["--json"], ["--debug"]):
        said = run(coins, *more)
        assert said.returncode != 0, what
        assert_silent(said.stdout + said.stderr, what)
    assert_files_silent(coins.folder)


@pytest.mark.parametrize("body", ["raise ValueError(ctx)", "1 / 0", "ctx.buy(3)"])
def test_no_traceback_of_a_strategy_says_the_keys(coins: Rig, body: str) -> None:
    (coins.folder / "loud.py").write_text(STRATEGY.format(body=body), "utf-8")
    coins.strategy = str(coins.folder / "loud.py")
    coins.start(1).communicate(timeout=40)
    said = run(coins, "--debug")
    assert said.returncode != 0
    assert_silent(said.stdout + said.stderr, body)
    assert_files_silent(coins.folder)


def test_a_refused_key_is_not_repeated(coins: Rig) -> None:
    coins.start(1).communicate(timeout=40)
    said = run(coins, "--debug", key=KEY[::-1], secret=SECRET[::-1])
    assert said.returncode != 0
    assert "refuses the key" in said.stderr
    assert KEY[::-1] not in said.stdout + said.stderr
    assert SECRET[::-1] not in said.stdout + said.stderr


def test_a_session_that_aborts_leaves_no_core(coins: Rig) -> None:
    """The kernel says whether it dumped; the control is a process that did not ask to be spared."""
    coins.start(1).communicate(timeout=40)
    spared = dumps_core([sys.executable, "-m", "py_rt.cli", *arguments(coins)], coins)
    control = dumps_core([sys.executable, "-c", "import time; time.sleep(60)"], None)
    Path("/tmp/core").unlink(missing_ok=True)
    if not control:
        pytest.skip("this system dumps no cores at all")
    assert not spared
    assert_files_silent(coins.folder)


def dumps_core(command: list[str], session: Rig | None) -> bool:
    def unlimited() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    folder = session.folder if session else Path("/tmp")
    child = subprocess.Popen(
        command, cwd=folder, env=os.environ | keys(KEY, SECRET),
        preexec_fn=unlimited,  # noqa: PLW1509 - no threads here
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    if session:
        session.orders_after(child, 5)
    child.send_signal(signal.SIGABRT)
    _, status = os.waitpid(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == -signal.SIGABRT
    return os.WCOREDUMP(status)


def test_a_venue_of_our_own_inherits_no_keys(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "py_rt.cli", "paper", "market_maker", "--json"]
    child = subprocess.Popen(
        [*command, "--state-dir", str(tmp_path / "state"), "--seconds", "30"],
        env=os.environ | keys(KEY, SECRET) | {"PGPASSWORD": SECRET},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        started = await_that(lambda: programs_of(child.pid), "it started no venue", 40)
        for one in started:
            assert_silent(Path(f"/proc/{one}/environ").read_bytes(), "environment of the venue")
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(40)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "keys.toml"
    place.write_text(f'key = "{KEY}"\nsecret = "{SECRET}"\n', "utf-8")
    for mode in (0o640, 0o604, 0o620, 0o602):
        place.chmod(mode)
        with pytest.raises(ConfigError) as caught:
            from_file(place, "venue.credentials_file")
        assert_silent(f"{caught.value} {caught.value!r}", oct(mode))
    place.chmod(0o600)
    found = from_file(place, "venue.credentials_file")
    assert [one.reveal() for one in found] == [KEY, SECRET]
    assert_silent(f"{found} {found!r}", "repr")


def test_keys_come_from_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("alpaca", "key"): KEY, ("alpaca", "secret"): SECRET}
    made = types.ModuleType("keyring")
    made.get_password = lambda *names: kept.get(names)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", made)
    assert [one.reveal() for one in from_keyring("alpaca", "venue.keyring")] == [KEY, SECRET]
    with pytest.raises(ConfigError, match="no key of kraken"):
        from_keyring("kraken", "venue.keyring")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="package keyring"):
        from_keyring("alpaca", "venue.keyring")


def test_keys_go_to_hosts_that_were_named(coins: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    coins.start(1).communicate(timeout=40)
    for name, value in keys(KEY, SECRET).items():
        monkeypatch.setenv(name, value)
    place = coins.folder / "trade.toml"
    written = place.read_text("utf-8")
    evil = written.replace(f"http://127.0.0.1:{coins.port}", "https://api.alpaca.markets.evil.io")
    place.write_text(evil, "utf-8")
    with pytest.raises(ConfigError, match="would be given the keys"):
        read_config(place)
    place.write_text(evil.replace("[risk]", 'allow_hosts = ["api.alpaca.markets.evil.io"]\n[risk]'))
    assert "evil" in read_config(place).addresses.trading_url


def keys(key: str, secret: str) -> dict[str, str]:
    return {"APCA_API_KEY_ID": key, "APCA_API_SECRET_KEY": secret}


def arguments(session: Rig) -> list[str]:
    return ["trade", session.strategy, "--config", str(session.folder / "trade.toml")]


def run(
    session: Rig, *more: str, key: str = KEY, secret: str = SECRET
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "py_rt.cli", *arguments(session), *more],
        env=os.environ | keys(key, secret), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
