"""Coverage-guided fuzzing of all that reads what the service sends. Run it with `python -m fuzz`.

It needs atheris (`pip install atheris`), which is no dependency of the project. What the targets
check, `tests/faults/test_decoding.py` checks with a few thousand inputs in seconds, without it.
"""
