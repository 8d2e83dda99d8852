"""`python -m langchain_aimlapi.cli` is `aimlapi`."""

from langchain_aimlapi.cli import main

main()
