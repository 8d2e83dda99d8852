"""Key, address and proxy, as far as the environment alone tells; the key itself is never shown."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit
from urllib.request import getproxies

from pydantic import SecretStr

from langchain_aimlapi._client.base_url import DEFAULT_BASE_URL, tidy_base_url, without_version
from langchain_aimlapi._client.key import API_KEY_VARIABLE, more_than_a_key
from langchain_aimlapi._client.settings import BASE_URL_VARIABLES
from langchain_aimlapi._transport.proxies import Origin, is_loopback, proxies_for, shown_proxy
from langchain_aimlapi.cli.doctor.finding import Finding, State
from langchain_aimlapi.errors import ConfigurationError

KEYS_PAGE = "https://aimlapi.com/app/keys"
_OTHER_NAMES = ("AIML_API_KEY", "AIMLAPI_KEY", "AIMLAPI_TOKEN", "AIML_API_TOKEN")
_PLACEHOLDER = re.compile(r"[<>…]|\.\.\.|your|my[-_ ]?key|api[-_ ]?key|xxx", re.IGNORECASE)
_SHORTEST = 16
_HOST = urlsplit(DEFAULT_BASE_URL).hostname
_VERSION = re.compile(r"/v\d{1,2}$")
_TWICE = re.compile(r"(/v\d{1,2}){2,}$")
_SET_BASE = f"export {BASE_URL_VARIABLES[0]}="


def check_key(state: State) -> Finding:
    """Look at the form of the key: what was pasted is often not a key alone."""
    key = (os.environ.get(API_KEY_VARIABLE) or "").strip()
    if not key:
        return _no_key(state)
    state.key = key
    data = {"set": True, "characters": len(key)}
    if problem := _problem(key):
        return Finding(
            "failed" if problem[1] else "warning",
            f"{API_KEY_VARIABLE} is set ({len(key)} characters), but {problem[0]}",
            f"Copy the key alone from {KEYS_PAGE}: export {API_KEY_VARIABLE}=…",
            data,
        )
    return Finding("ok", f"{API_KEY_VARIABLE} is set ({len(key)} characters)", data=data)


def _no_key(state: State) -> Finding:
    data = {"set": False}
    if state.origin is not None and is_loopback(state.origin.host):
        return Finding("ok", "not set; a server on this machine needs none", data=data)
    other = next((name for name in _OTHER_NAMES if os.environ.get(name)), None)
    if other:
        return Finding(
            "failed",
            f"{API_KEY_VARIABLE} is not set, but {other} is, which is not read",
            f'export {API_KEY_VARIABLE}="${other}"',
            data,
        )
    return Finding(
        "failed",
        f"{API_KEY_VARIABLE} is not set",
        f"export {API_KEY_VARIABLE}=… with a key from {KEYS_PAGE}. Without one, `aimlapi chat` "
        "and `aimlapi sandbox` answer on this machine, for trying out.",
        data,
    )


def _problem(key: str) -> tuple[str, bool] | None:
    """What is wrong with a key, and whether it can never be sent."""
    if more := more_than_a_key(SecretStr(key)):
        return f"it {more}", True
    if not (key.isascii() and key.isprintable()):
        return "it holds characters that no header may hold", True
    if " " in key:
        return "it holds blanks", True
    if _PLACEHOLDER.search(key):
        return "it looks like a placeholder", False
    if key.startswith(("sk-", "gsk_", "AIza")):
        return "it looks like a key of another service", False
    return ("it is very short", False) if len(key) < _SHORTEST else None


# --- the address ----------------------------------------------------------------------------------


def check_base_url(state: State) -> Finding:
    """Look at the address: its form, its version, whether it is encrypted."""
    given = {name: value for name in BASE_URL_VARIABLES if (value := os.environ.get(name))}
    name, written = next(iter(given.items()), ("", DEFAULT_BASE_URL))
    source = f"from {name}" if name else "the default"
    try:
        base_url = tidy_base_url(written)
    except ConfigurationError as error:
        return Finding("failed", error.message, f"{_SET_BASE}{DEFAULT_BASE_URL}")
    state.base_url = base_url
    parts = urlsplit(base_url)
    state.origin = Origin(parts.scheme, parts.hostname or "", parts.port)
    data = {"base_url": base_url.partition("?")[0], "source": name or None}
    shown = base_url.partition("?")[0]
    if problem := _address_problem(shown, given):
        return Finding("warning", f"{shown} ({source}): {problem[0]}", problem[1], data)
    return Finding("ok", f"{shown} ({source})", data=data)


def _address_problem(address: str, given: dict[str, str]) -> tuple[str, str] | None:
    """What is odd about an address, and what to do; what answers there is looked at later."""
    parts = urlsplit(address)
    if _TWICE.search(parts.path):
        once = _TWICE.sub(lambda found: found[1], address)
        return "the version stands in it twice", _SET_BASE + once
    if parts.hostname == _HOST and not _VERSION.search(parts.path):
        return "the version is missing", f"{_SET_BASE}{without_version(address)}/v1"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "the key is sent unencrypted", f"{_SET_BASE}https://{parts.netloc}{parts.path}"
    if len(set(given.values())) > 1:
        _, second = given
        return f"{second} is another address, and is not used", f"unset {second}"
    return None


# --- the proxy ------------------------------------------------------------------------------------


def check_proxy(state: State) -> Finding:
    """Say which proxy the calls take, and which variable says so."""
    if state.origin is None:
        return Finding("skipped", "needs an address")
    try:
        state.proxy = proxies_for(state.origin, None)[0]
    except ConfigurationError as error:
        return Finding("failed", error.message, error.hint or "")
    known = getproxies()
    wanted = known.get(state.origin.scheme) or known.get("all")
    if state.proxy:
        shown, source = shown_proxy(state.proxy), _source(wanted)
        data = {"proxy": shown, "source": source}
        return Finding("ok", f"{shown} ({source})", data=data)
    if not wanted:
        return Finding("ok", "none is set", data={"proxy": None})
    reason = (
        "the address is this machine's own"
        if is_loopback(state.origin.host)
        else f"NO_PROXY excepts {state.origin.host}"
    )
    detail = f"none is taken: {reason} ({_source(wanted)} is set)"
    return Finding("ok", detail, data={"proxy": None})


def _source(proxy: str | None) -> str:
    """The variable that holds a proxy, or the settings of the system."""
    names = ("https_proxy", "http_proxy", "all_proxy")
    spelled = (spelling for name in names for spelling in (name, name.upper()))
    return next(
        (name for name in spelled if os.environ.get(name) == proxy), "the system's settings"
    )
