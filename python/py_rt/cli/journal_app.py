"""The commands of the journal and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from py_rt.cli.options import AsJson, Debug, Quiet, example
from py_rt.cli.output import Output

__all__ = ["explain", "journal_app"]

journal_app = typer.Typer(
    help="The journal as an audit log: verify, tail, export, rebuild-store.", no_args_is_help=True
)

Where = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="A state directory, its journal, or a segment.")
]


@journal_app.command("verify", epilog=example("py-rt journal verify state"))
def journal_verify(
    journal: Where,
    root: Annotated[
        str | None, typer.Option(metavar="HEX", help="A root that was noted elsewhere.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Check the whole chain; exit 1 and name the place when it is damaged."""
    from py_rt.cli.journal import run_verify

    run_verify(journal, root, Output(as_json, quiet, debug))


@journal_app.command("tail", epilog=example("py-rt journal tail state -n 20 --follow"))
def journal_tail(
    journal: Where,
    count: Annotated[int, typer.Option("-n", help="How many entries.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And those to come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show the last entries of a journal, one a line."""
    from py_rt.cli.journal import run_tail

    run_tail(journal, count, follow=follow, output=Output(as_json, quiet, debug))


@journal_app.command("export", epilog=example("py-rt journal export state --out day.parquet"))
def journal_export(
    journal: Where,
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv or parquet; else by the file's name.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="A file; else stdout.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write every entry, one record each, with typed fields."""
    from py_rt.cli.journal import run_export

    run_export(journal, form, to, Output(as_json, quiet, debug))


@journal_app.command("rebuild-store", epilog=example("py-rt journal rebuild-store state"))
def journal_rebuild(
    state_dir: Annotated[Path, typer.Argument(metavar="STATE_DIR", help="Not in use.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write the tables of a state directory anew from its journal."""
    from py_rt.cli.journal import run_rebuild

    run_rebuild(state_dir, Output(as_json, quiet, debug))


def explain(
    order: Annotated[
        str, typer.Argument(metavar="ORDER", help="Its client or venue id, or how that begins.")
    ],
    state_dir: Annotated[Path, typer.Option("--state-dir", help="Or a journal.")] = Path("state"),
    as_json: AsJson = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Tell the whole story of one order, from the market before it to its end."""
    from py_rt.cli.journal import run_explain

    run_explain(order, state_dir, Output(as_json, quiet, debug))
