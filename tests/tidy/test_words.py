"""One word an idea (architecture, section 5), no promises in the code, no traces of a machine."""

from __future__ import annotations

import re

import pytest

from tidy import python, rust
from tidy.tree import Source, hold, select, sources

HERE = "tests/tidy/"

# Written apart, so that nobody who looks for such words finds the rule against them.
MARKS = ("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")
UNDONE = ("unimplemen" + "ted", "to" + "do")
RAISED = "NotImplemen" + "tedError"
PROMISES = re.compile(
    rf"\b({'|'.join(MARKS)})\b|\b({'|'.join(UNDONE)})!|\b{RAISED}\b"
    r"|(?i:\bplaceholders?\b|\bfor now\b)"
)
TOPS = ("work", "root", "home")
MACHINE = re.compile(rf"(?<![\w.])/({'|'.join(TOPS)})/|--(extra-)?index-url|--find-links")

# Nouns that name no subject: say what the thing is about instead.
BAGS = frozenset(
    {"manager", "managers", "helper", "helpers", "util", "utils", "utility", "utilities",
     "common", "misc"}
)  # fmt: skip
# Verbs that say nothing: name what comes out, or use the house verbs (handle_, poll_, parse ...).
VERBS = ("get_", "process_", "do_")
# Names that others call by: the standard library's HTTP handler, and the promised client door.
PROMISED_NAMES = frozenset(
    {"do_GET", "do_POST", "do_PATCH", "do_DELETE", "get_client", "get_params"}
    | {"get_order_book", "get_version"}
)

# The wording table. On the left what nobody writes, on the right what the house says.
WORDS = {
    "ticker": "symbol or instrument",
    "tickers": "symbols or instruments",
    "px": "limit_price, last_price, avg_price or price",
    "oid": "client_order_id or venue_order_id",
    "coid": "client_order_id",
    "cloid": "client_order_id",
    "exch": "venue",
    "timestamp": "ts_event or ts_recv (ns UTC)",
    "timestamps": "ts_event or ts_recv (ns UTC)",
    "order_size": "order_qty",
    "order_amount": "order_qty",
    "filled_size": "cum_qty",
    "filled_amount": "cum_qty",
    "fill_price": "last_price",
    "fill_qty": "last_qty",
    "filled_qty": "cum_qty",
    "time_received": "ts_recv",
    "time_recv": "ts_recv",
}
# A venue's own words live where its bytes are read and written, and nowhere else.
WIRE = ("crates/venues/", "crates/paper/", "crates/serve/src/market/", "tests/sdk/")
WIRE_WORDS = frozenset({"timestamp", "timestamps", "filled_qty"})

CODE = (".rs", ".py", ".pyi")


def parts_of(name: str) -> list[str]:
    """Split an identifier into lower-case words: `OrderBook` and `order_book` alike."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [part for part in spaced.lower().split("_") if part]


def promise(source: Source) -> list[str]:
    return [
        f"{source.path}:{number}: '{match[0]}': finish it, or leave it out"
        for number, line in enumerate(source.lines, start=1)
        for match in PROMISES.finditer(line)
    ]


def machine_trace(source: Source) -> list[str]:
    return [
        f"{source.path}:{number}: '{match[0]}' belongs to one machine, not to the repository"
        for number, line in enumerate(source.lines, start=1)
        for match in MACHINE.finditer(line)
    ]


def bag_name(source: Source) -> list[str]:
    reader = rust.definitions if source.is_rust else python.definitions
    problems = [
        f"{source.path}: the path says '{word}', which names no subject"
        for word in parts_of(re.sub(r"[/.\-]", "_", source.path))
        if word in BAGS
    ]
    problems += [
        f"{source.path}:{line}: `{name}` says '{word}', which names no subject"
        for line, name in reader(source.text)
        for word in parts_of(name)
        if word in BAGS
    ]
    return problems


def empty_verb(source: Source) -> list[str]:
    reader = rust.function_names if source.is_rust else python.function_names
    return [
        f"{source.path}:{line}: `{name}`: drop the verb or say what it does"
        for line, name in reader(source.text)
        if name.startswith(VERBS) and name not in PROMISED_NAMES
    ]


def foreign_word(source: Source) -> list[str]:
    reader = rust.definitions if source.is_rust else python.definitions
    on_the_wire = source.path.startswith(WIRE)
    problems = []
    for line, name in reader(source.text):
        joined = f"_{'_'.join(parts_of(name))}_"
        for word, better in WORDS.items():
            if f"_{word}_" in joined and not (on_the_wire and word in WIRE_WORDS):
                problems.append(f"{source.path}:{line}: `{name}`: the house says {better}")
    return problems


def outside_this_room() -> list[Source]:
    return [source for source in sources() if not source.path.startswith(HERE)]


def test_no_promises() -> None:
    hold(promise, outside_this_room(), at_least=30)


def test_no_traces_of_a_machine() -> None:
    hold(machine_trace, outside_this_room(), at_least=30)


def test_names_have_a_subject() -> None:
    hold(bag_name, select(suffix=CODE), at_least=20)


def test_verbs_say_something() -> None:
    hold(empty_verb, select(suffix=CODE), at_least=20)


def test_one_word_an_idea() -> None:
    hold(foreign_word, select(suffix=CODE), at_least=20)


@pytest.mark.parametrize(
    "text",
    [*(f"# {mark} later" for mark in MARKS), *(f"{name}!()" for name in UNDONE),
     f"raise {RAISED}", "good for now", "a Placeholder value"],
)  # fmt: skip
def test_the_promise_rule_can_fail(text: str) -> None:
    assert promise(Source("a.rs", text))


@pytest.mark.parametrize(
    "text",
    [*(f"{before}/{top}/x" for top in TOPS for before in ("open('", "cd ", "")), "--index-url x"],
)
def test_the_machine_rule_can_fail(text: str) -> None:
    assert machine_trace(Source("a.sh", text))
    assert not machine_trace(Source("a.md", "see docs/home/ and the network/ folder"))


def test_the_name_rules_can_fail() -> None:
    assert bag_name(Source("crates/kernel/src/utils.rs", ""))
    assert bag_name(Source("a.rs", "struct OrderManager;"))
    assert bag_name(Source("a.py", "def misc_things(): ..."))
    assert not bag_name(Source("a.rs", "// the OrderManager of others"))
    assert empty_verb(Source("a.rs", "trait T { fn get_price(&self); }"))
    assert empty_verb(Source("a.py", "def process_order(): ..."))
    assert not empty_verb(Source("a.py", "def do_GET(self): ..."))


def test_the_word_rule_can_fail() -> None:
    assert foreign_word(Source("a.rs", "struct A { best_px: i64 }"))
    assert foreign_word(Source("a.rs", "let oid = 1;"))
    assert foreign_word(Source("a.py", "def f(ticker): ..."))
    assert foreign_word(Source("a.py", "timestamp = 1"))
    assert not foreign_word(Source("crates/venues/src/x.rs", "struct A { timestamp: i64 }"))
    assert foreign_word(Source("crates/venues/src/x.rs", "struct A { px: i64 }"))
    assert not foreign_word(Source("a.rs", "let void = 1; let proxy = expx;"))
