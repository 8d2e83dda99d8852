"""`aimlapi doctor`: what stands between this machine and an answer, found out step by step.

`command` runs the checks and shows what they found; `installation` looks at this Python, `settings`
at the environment, `network` at names, sockets and certificates, `service` at what answers.
"""
