"""What is known of each model: specs for encoding, profiles for LangChain, ids for errors."""

from __future__ import annotations

from langchain_aimlapi._catalogue.entry import ModelEntry
from langchain_aimlapi._catalogue.lookup import (
    entry,
    ids,
    model_spec,
    name_others,
    near,
    pricing,
    suggest,
)
from langchain_aimlapi._catalogue.profiles import profile
from langchain_aimlapi._catalogue.vendors import reasons_unasked, vendor

__all__ = [
    "ModelEntry",
    "entry",
    "ids",
    "model_spec",
    "name_others",
    "near",
    "pricing",
    "profile",
    "reasons_unasked",
    "suggest",
    "vendor",
]
