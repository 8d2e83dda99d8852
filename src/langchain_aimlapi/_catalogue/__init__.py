"""What is known of each model: facts for encoding, profiles for LangChain, ids for errors."""

from __future__ import annotations

from langchain_aimlapi._catalogue.entry import ModelEntry
from langchain_aimlapi._catalogue.lookup import (
    entry,
    facts,
    ids,
    name_others,
    near,
    pricing,
    suggest,
)
from langchain_aimlapi._catalogue.profiles import profile
from langchain_aimlapi._catalogue.vendors import vendor

__all__ = [
    "ModelEntry",
    "entry",
    "facts",
    "ids",
    "name_others",
    "near",
    "pricing",
    "profile",
    "suggest",
    "vendor",
]
