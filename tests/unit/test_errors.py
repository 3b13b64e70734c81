"""The error tree: codes, exit codes, texts, and survival of a trip between processes."""

from __future__ import annotations

import pickle

import pytest

from py_rt import errors


def test_text_says_what_where_and_remedy() -> None:
    error = errors.DataError("price is NaN", field="price", row=17, remedy="drop the row")
    assert str(error) == "price is NaN; field price, row 17; drop the row"
    assert (error.field, error.remedy, error.where["row"]) == ("price", "drop the row", 17)


def test_text_leaves_out_what_is_not_known() -> None:
    assert str(errors.VenueError("refused", symbol=None)) == "refused"


@pytest.mark.parametrize(
    ("name", "code", "exit_code"),
    [
        ("ConfigError", "config", 2),
        ("ParameterError", "parameter", 2),
        ("DataError", "data", 3),
        ("Degenerate", "degenerate", 3),
        ("StrategyError", "strategy", 1),
        ("VenueError", "venue", 4),
        ("ConnectionLost", "connection", 4),
        ("RiskHalted", "risk", 5),
        ("Fenced", "fenced", 5),
        ("JournalError", "journal", 1),
        ("Infeasible", "infeasible", 1),
        ("NotConverged", "not_converged", 1),
    ],
)
def test_codes(name: str, code: str, exit_code: int) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, errors.TradingError)
    assert (kind.code, kind.exit_code) == (code, exit_code)
    assert name in errors.__all__
    assert f"{name}" in (errors.__doc__ or "")


def test_parameter_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="depth"):
        raise errors.ParameterError("0 levels", field="depth", remedy="pass at least 1")


def test_pickle_keeps_everything() -> None:
    error = errors.NotConverged("stopped", field="lasso", residual=0.5, remedy="raise max_iter")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.NotConverged
    assert str(again) == str(error)
    assert again.residual == 0.5
    assert again.to_dict() == error.to_dict()


def test_all_is_the_tree() -> None:
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.TradingError)
    }
    assert found == set(errors.__all__)
