"""`aimlapi balance`, `usage`, `logs` and `keys`: the account behind the key."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import note, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from langchain_aimlapi.account import Key, LogEntry, Scope, Spend

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Period = Annotated[
    str | None, typer.Option(help='The last hours or days, such as "24h"; "7d" by default.')
]
Start = Annotated[
    str | None, typer.Option(help="Beginning of a window (ISO 8601, UTC), with --end.")
]
End = Annotated[str | None, typer.Option(help="End of the window.")]
OfKey = Annotated[
    str | None,
    typer.Option("--key", help="Prefix of another key than one's own; needs a management key."),
]
_EVERYTHING = "everything"
_NONE = "-"


def balance(*, as_json: AsJson = False) -> None:
    """Show what the account holds."""
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            held = account.balance()
    if as_json:
        show_json({"amount": held.amount, "currency": held.currency})
    else:
        typer.echo(f"{held.amount:.2f} {held.currency}")


def usage(
    *,
    by: Annotated[
        Literal["day", "model"] | None, typer.Option(help="Apart by day (UTC) or model.")
    ] = None,
    period: Period = None,
    start: Start = None,
    end: End = None,
    key: OfKey = None,
    as_json: AsJson = False,
) -> None:
    """Show what the key spent."""
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            spent = account.usage(period, start=start, end=end, by=by, key_prefix=key)
    if as_json:
        show_json([_public(each) for each in spent])
        return
    if by == "model":
        rows = [
            (each.model, f"{each.usd:.6f}", str(each.requests))
            for spend in spent
            for each in spend.models
        ]
        show_table(("Model", "USD", "Requests"), rows)
    else:
        show_table(("From (UTC)", "Until", "USD", "Requests"), map(_spend_row, spent))
    total = sum(each.usd for each in spent)
    note(f"${total:.6f} for {sum(each.requests for each in spent)} requests", "dim")


def logs(
    *,
    status: Annotated[
        Literal["succeeded", "failed"] | None, typer.Option(help="Only these requests.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only this id; may be repeated.")
    ] = None,
    period: Period = None,
    start: Start = None,
    end: End = None,
    key: OfKey = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most rows; 0 for all.", min=0)] = 100,
    as_json: AsJson = False,
) -> None:
    """List requests, the newest first.

    The inference id is the one that `aimlapi chat --json` shows.
    """
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            entries = account.logs(
                period,
                start=start,
                end=end,
                model=model or (),
                status=status or (),
                key_prefix=key,
            )
            found = list(itertools.islice(entries, limit or None))
    if as_json:
        show_json([_public(each) for each in found])
        return
    columns = ("Created (UTC)", "Status", "Model", "USD", "In", "Out", "Inference id")
    show_table(columns, map(_log_row, found))
    if limit and len(found) == limit:
        note(f"The newest {limit}; --limit 0 shows all.", "dim")


# --- keys -----------------------------------------------------------------------------------------

keys = typer.Typer(no_args_is_help=True, help="List, make and delete keys; needs a management key.")


@keys.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the keys of the account."""
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            found = account.keys()
    if as_json:
        show_json([_public(each) for each in found])
        return
    columns = ("Prefix", "Name", "State", "May call", "Limit", "This month (USD)")
    show_table(columns, map(_key_row, found))


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    *,
    usd: Annotated[
        float | None, typer.Option(help="Most US dollars it may spend; no limit if not given.")
    ] = None,
    per: Annotated[
        Literal["day", "week", "month"] | None,
        typer.Option(help="After which the limit starts anew; never, if not given."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may call, such as model:chat; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once."""
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            scopes = cast("Sequence[Scope]", scope) if scope else None
            made = account.create_key(name, usd=usd, per=per, scopes=scopes)
    secret = made.secret.get_secret_value() if made.secret else None
    if as_json:
        show_json({**_public(made), "secret": secret})
        return
    if secret is None:
        note(f"The key {made.prefix} was made, but the reply does not hold it.", "red")
        raise typer.Exit(1)
    typer.echo(secret)
    note(f"Keep it now: it is not shown again. Delete it: aimlapi keys delete {made.prefix}", "dim")


@keys.command("delete")
def delete_key(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="First eight characters of the key.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a key; what uses it is refused from then on."""
    if not yes:
        typer.confirm(f"Delete the key {prefix}?", abort=True, err=True)
    with told_errors():
        from langchain_aimlapi import Account  # noqa: PLC0415  # not for --help

        with Account() as account:
            account.delete_key(prefix)
    if as_json:
        show_json({"deleted": prefix})
    else:
        note(f"The key {prefix} is deleted.")


# --- what is shown --------------------------------------------------------------------------------


def _public(value: Any) -> dict[str, object]:
    """The documented fields; what the service said beside them is in `raw`, without a key."""
    shown = dataclasses.asdict(value)
    shown.pop("secret", None)
    return {
        name: each.isoformat() if hasattr(each, "isoformat") else each
        for name, each in shown.items()
    }


def _time(when: datetime | None) -> str:
    return _NONE if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _spend_row(spend: Spend) -> tuple[str, ...]:
    return _time(spend.start), _time(spend.end), f"{spend.usd:.6f}", str(spend.requests)


def _log_row(entry: LogEntry) -> tuple[str, ...]:
    tokens = (entry.input_tokens, entry.output_tokens)
    return (
        _time(entry.created),
        entry.status,
        entry.model,
        f"{entry.usd:.6f}",
        *(_NONE if count is None else str(count) for count in tokens),
        entry.inference_id or entry.request_id or _NONE,
    )


def _key_row(key: Key) -> tuple[str, ...]:
    return (
        key.prefix,
        key.name or _NONE,
        "disabled" if key.disabled else "active",
        _scopes_text(key),
        _limit_text(key),
        _NONE if key.monthly_usage is None else f"{key.monthly_usage:.6f}",
    )


def _scopes_text(key: Key) -> str:
    """What a key may call, in words."""
    return _EVERYTHING if key.scopes is None else ", ".join(key.scopes) or "nothing"


def _limit_text(key: Key) -> str:
    """How much a key may spend, in words."""
    if key.limit_usd is None:
        return "none"
    period = key.limit_period
    return f"${key.limit_usd:g}" + (f" a {period}" if period and period != "no_reset" else "")
