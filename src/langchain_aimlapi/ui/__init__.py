"""`aimlapi ui`: one page that asks up to four models at once and shows what went over the wire.

It is a user of the public API like any other. The server listens on loopback alone (`guard` says
whom it answers), a run is one streamed reply of JSON lines (`runs`), and the page is plain files
(`static/`) that load nothing from elsewhere.
"""
