"""The commands and their options. Each hands over to a module that is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from py_rt.cli.journal_app import explain, journal_app
from py_rt.cli.options import AsJson, Debug, Quiet, example
from py_rt.cli.output import Output

__all__ = ["app"]

app = typer.Typer(
    name="py-rt",
    help="From a trading idea to research, paper and live with one strategy file.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
data_app = typer.Typer(help="Look at market data: list, check, load.", no_args_is_help=True)
app.add_typer(data_app, name="data", rich_help_panel=None)
app.add_typer(journal_app, name="journal", rich_help_panel=None)

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="file.py, file.py:Class, or a registered name; several share the account. NAME=FILE "
        "gives it a name.",
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A parameter, of one of several STRATEGY.NAME=VALUE; repeatable.",
    ),
]
Store = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="postgresql://... that follows store.sqlite."),
]
Dialect = Annotated[str, typer.Option(help="What the venue speaks: alpaca or binance.")]
StateDir = Annotated[Path, typer.Argument(metavar="STATE_DIR", help="Of the session.")]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """From a trading idea to research, paper and live with one strategy file."""
    if version:
        from py_rt._core import __version__

        typer.echo(f"py-rt {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=example("py-rt demo"))
def demo(
    out: Annotated[Path, typer.Option(help="Where the files go.")] = Path("demo-out"),
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show the whole road on real data.

    Backtests two strategies; trades one on paper through sockets, kills it with orders open, starts
    it again, compares its books with the venue's ledger, and replays its journal.
    """
    from py_rt.cli.demo import run_demo

    run_demo(out, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt new my_idea"))
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Folder to make.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a strategy, a configuration and a test."""
    from py_rt.cli.scaffold import run_new

    run_new(name, Output(as_json, quiet, debug))


@app.command(
    epilog=example(
        "py-rt backtest strategy.py --data sample:us_minute --set fast=5 --report r.html",
        "py-rt backtest a.py slow=b.py:Trend --data day.csv --set slow.fast=50 --config team.toml",
    )
)
def backtest(
    files: Files,
    data: Annotated[str, typer.Option(metavar="SOURCE", help="File, glob, or sample:NAME.")],
    params: Params = None,
    report: Annotated[Path | None, typer.Option(help="Write the report there (HTML).")] = None,
    receipt: Annotated[Path | None, typer.Option(help="Write the receipt there (JSON).")] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file: its [strategy], [risk] and [limits] hold.")
    ] = None,
    cash: Annotated[str, typer.Option(help="Cash to start with.")] = "1000000",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    start: Annotated[str | None, typer.Option(help="Keep from this time on (ISO, zone).")] = None,
    end: Annotated[str | None, typer.Option(help="Keep until before this time.")] = None,
    symbols: Annotated[str | None, typer.Option(help="Keep these, separated by commas.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run a strategy, or several on one account, over recorded data."""
    from py_rt.cli.research import run_backtest

    source = {"data": data, "start": start, "end": end, "symbols": symbols}
    named = {"report": report, "receipt": receipt, "config": config}
    account = {"cash": cash, "seed": seed}
    run_backtest(files, params or [], source, account, named, Output(as_json, quiet, debug))


@app.command(
    epilog=example(
        "py-rt paper market_maker --data sample:btcusdt_l2 --speed 10",
        "py-rt paper a.py b.py --set A.order_qty=0.1 --config team.toml",
    )
)
def paper(
    files: Files,
    data: Annotated[
        str, typer.Option(metavar="SOURCE", help="What the paper venue replays.")
    ] = "sample:btcusdt_l2",
    params: Params = None,
    speed: Annotated[float, typer.Option(help="Virtual seconds per real second.")] = 10.0,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after; by default when the recording ends.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Journal and store; by default paper-state.")
    ] = None,
    cash: Annotated[str, typer.Option(help="Cash of the paper account.")] = "1000000",
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file: its [strategy], [risk] and [limits], and its [venue] if any."
        ),
    ] = None,
    dialect: Dialect = "alpaca",
    store: Store = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Trade on paper, on a venue of our own.

    The venue replays a recording and is reached through real sockets. Killed at any moment, the
    same command takes the session up again.
    """
    from py_rt.cli.session import run_paper

    plan: dict[str, Any] = {"data": data, "speed": speed, "seconds": seconds, "cash": cash}
    plan |= {"store": store or "sqlite", "dialect": dialect}
    run_paper(files, params or [], plan, state_dir, config, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt trade strategy.py --config trade.toml"))
def trade(
    files: Files,
    config: Annotated[Path, typer.Option(metavar="C", help="TOML file of the session.")],
    params: Params = None,
    state_dir: Annotated[Path | None, typer.Option(help="Instead of [run] state_dir.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Instead of [run] seconds.")] = None,
    store: Store = None,
    cache: Annotated[
        str | None, typer.Option(metavar="URL", help="redis://... that is told what is open.")
    ] = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take the account from a session that lives.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Trade on the venue of a configuration."""
    from py_rt.cli.session import run_trade

    changed = {"state_dir": state_dir, "seconds": seconds, "store": store, "cache": cache}
    changed |= {"take_over": take_over}
    run_trade(files, params or [], config, changed, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt venue --data sample:btcusdt_l2 --speed 10 --port 18080"))
def venue(
    data: Annotated[
        str, typer.Option(metavar="SOURCE", help="What it replays.")
    ] = "sample:btcusdt_l2",
    speed: Annotated[float, typer.Option(help="Virtual seconds per real second.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 0,
    admin_port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 0,
    cash: Annotated[str, typer.Option(help="Cash of its account.")] = "1000000",
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    repeat: Annotated[bool, typer.Option("--repeat", help="Begin again at the end.")] = False,
    dialect: Dialect = "alpaca",
    config: Annotated[Path | None, typer.Option(help="A venue.toml instead of options.")] = None,
    end_with: Annotated[Path | None, typer.Option(hidden=True)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run a paper venue on this machine.

    Prints one JSON line with its addresses, key and secret when it listens.
    """
    from py_rt.cli.session import run_venue

    options: dict[str, Any] = {"source": data, "speed": speed, "port": port, "cash": cash}
    options |= {"admin_port": admin_port, "seed": seed, "repeat": repeat, "dialect": dialect}
    run_venue(options, config, end_with, Output(as_json, quiet, debug))


@app.command(
    epilog=example(
        "py-rt serve --data sample:btcusdt_l2 --speed 1",
        "py-rt serve --strategies mine.py --strategies more.py:OnlyThis",
    )
)
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 50051,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    unix: Annotated[Path | None, typer.Option(help="Listen on this socket too.")] = None,
    session: Annotated[
        Path | None, typer.Option(metavar="STATE_DIR", help="Show the market of this session.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Replay this; sample:btcusdt_l2 if none.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Recorded seconds a real second; 0: fastest.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Do not repeat the recording.")] = False,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="Ask clients for certificates.")] = None,
    access: Annotated[Path | None, typer.Option(help="Who may call what (TOML).")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="No TLS beyond here.")] = False,
    max_message: Annotated[int, typer.Option(help="Largest request, bytes.")] = 64 << 20,
    max_calls: Annotated[int, typer.Option(help="Requests in memory at once.")] = 16,
    rate: Annotated[float | None, typer.Option(help="Calls a second of each caller.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Prometheus text on it.")] = None,
    drain: Annotated[float, typer.Option(help="Seconds that calls may go on at the end.")] = 10.0,
    threads: Annotated[int | None, typer.Option(help="Threads that compute.")] = None,
    catalog: Annotated[Path | None, typer.Option(help="Data for backtests.")] = None,
    strategies: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Backtests of the strategies in it too; repeatable."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Serve statistics, order books, a market stream and backtests over gRPC.

    Prints one JSON line with its address when it listens. Ctrl-C lets running calls end.
    """
    from py_rt.cli.session import run_serve

    given = {"port": port, "host": host, "unix": unix, "access": access, "insecure": insecure}
    given |= {"tls_cert": tls_cert, "tls_key": tls_key, "client_ca": client_ca, "drain": drain}
    given |= {"max_message": max_message, "max_calls": max_calls, "threads": threads}
    given |= {"rate": rate, "metrics_port": metrics_port, "catalog": catalog}
    given["strategies"] = tuple(strategies or ())
    market = {"session": session, "data": data, "speed": speed, "repeat": not once}
    run_serve(given, market, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt replay paper-state"))
def replay(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="Or a state directory.")],
    strategy: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Instead of the code that it names; repeatable."),
    ] = None,
    params: Params = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Replay a journal; the same orders must come out."""
    from py_rt.cli.research import run_replay

    run_replay(journal, strategy or [], params or [], Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt backtest sma_cross --data sample:us_minute --receipt r.json",
                             "py-rt verify r.json"))  # fmt: skip
def verify(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="A JSON file.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run a receipt's backtest again and compare."""
    from py_rt.cli.research import run_verify

    run_verify(receipt, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt status state"))
def status(
    state_dir: StateDir, as_json: AsJson = False, quiet: Quiet = False, debug: Debug = False
) -> None:
    """Show how a session stands."""
    from py_rt.cli.session import run_status

    run_status(state_dir, Output(as_json, quiet, debug))


@app.command(
    epilog=example(
        "py-rt kill state",
        "py-rt kill state --level resume --by ada",
        "py-rt kill state --direct --config trade.toml --level flatten",
    )
)
def kill(
    state_dir: StateDir,
    level: Annotated[
        str,
        typer.Option(help="reduce_only, halt, flatten, cancel_all, stop, resume or loosen."),
    ] = "stop",
    by: Annotated[str | None, typer.Option(help="Who asks; resume and loosen need it.")] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Act without the session, with the keys of --config.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="With --direct: the session's TOML.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Restrict, stop, flatten or resume a session from outside."""
    from py_rt.cli.session import run_kill
    from py_rt.errors import ConfigError

    if direct != (config is not None):
        raise ConfigError("--direct and --config go together", field="config", remedy="give both")
    run_kill(state_dir, level, by, config, Output(as_json, quiet, debug))


app.command(epilog=example("py-rt explain rt-abcdefgh-17 --state-dir state"))(explain)


@app.command("store", epilog=example("py-rt store state --store postgresql://me@host/books"))
def store_command(
    state_dir: StateDir,
    url: Annotated[str, typer.Option("--store", metavar="URL", help="postgresql://...")],
    seconds: Annotated[float, typer.Option(help="How long to try.")] = 60.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Bring every row of a session's store into a database that follows it."""
    from py_rt.cli.session import run_store

    run_store(state_dir, url, seconds, Output(as_json, quiet, debug))


@app.command("sim-faults", epilog=example("py-rt sim-faults --seeds 1000 --from 1"))
def sim_faults(
    seeds: Annotated[int, typer.Option(help="How many seeds of each dialect.")] = 1000,
    first: Annotated[int, typer.Option("--from", help="The first seed.")] = 1,
    dialect: Annotated[
        str, typer.Option(help="What the venue speaks: alpaca, binance or both.")
    ] = "both",
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Simulate faults: a live session against a venue, a network and a disk that fail."""
    from py_rt.cli.faults import run_sim_faults

    run_sim_faults(first, seeds, dialect, Output(as_json, quiet, debug))


@app.command(epilog=example("py-rt doctor"))
def doctor(as_json: AsJson = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Check this machine and this installation."""
    from py_rt.cli.doctor import run_doctor

    run_doctor(Output(as_json, quiet, debug))


Zone = Annotated[str | None, typer.Option("--tz", help="Zone of times that carry none.")]
Stamp = Annotated[str | None, typer.Option("--bar-stamp", help="open or close.")]
Sessions = Annotated[str | None, typer.Option("--calendar", help="Such as XNYS or 24/7.")]


@data_app.command("list", epilog=example("py-rt data list"))
def data_list(
    catalog: Annotated[
        str | None, typer.Argument(metavar="[CATALOG]", help="Folder of a catalog.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List the samples that come with the package, or what a catalog holds."""
    from py_rt.cli.data import run_coverage, run_list

    output = Output(as_json, quiet, debug)
    if catalog is None:
        run_list(output)
    else:
        run_coverage(catalog, output)


@data_app.command("check", epilog=example("py-rt data check bars.csv"))
def data_check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="File, glob, or sample:NAME.")],
    form: Annotated[str | None, typer.Option("--format", help="Instead of guessing.")] = None,
    tz: Zone = None,
    bar_stamp: Stamp = None,
    calendar: Sessions = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Look for gaps, duplicates, disorder, crossed books and the like."""
    from py_rt.cli.data import run_check

    how = {"format": form, "tz": tz, "bar_stamp": bar_stamp, "calendar": calendar}
    run_check(source, how, Output(as_json, quiet, debug))


@data_app.command("load", epilog=example("py-rt data load bars.csv --symbols AAPL"))
def data_load(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="File, glob, or sample:NAME.")],
    form: Annotated[str | None, typer.Option("--format", help="Instead of guessing.")] = None,
    symbols: Annotated[str | None, typer.Option(help="Keep these, separated by commas.")] = None,
    start: Annotated[str | None, typer.Option(help="Keep from this time on (ISO, zone).")] = None,
    end: Annotated[str | None, typer.Option(help="Keep until before this time.")] = None,
    tz: Zone = None,
    bar_stamp: Stamp = None,
    calendar: Sessions = None,
    quality: Annotated[str, typer.Option(help="refuse, warn or repair.")] = "refuse",
    into: Annotated[str | None, typer.Option("--into", help="Write into this catalog.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Load data and say what is in them; with --into also keep them in a catalog."""
    from py_rt.cli.data import run_load

    span = {"data": source, "symbols": symbols, "start": start, "end": end}
    how = {"format": form, "tz": tz, "bar_stamp": bar_stamp, "calendar": calendar}
    run_load(span, {**how, "quality": quality}, into, Output(as_json, quiet, debug))
