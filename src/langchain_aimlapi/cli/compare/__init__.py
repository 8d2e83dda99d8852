"""`aimlapi compare`: several models side by side.

`command` reads the options and ends with the exit code; `live` shows the answers while they stream,
on a terminal; `outcome` shows them once all are there, and the table of figures.
"""
