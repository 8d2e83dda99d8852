# Benchmarks beside peers; see docs/performance.md. Peers: pip install --group bench
PYTHON ?= python
BENCH = $(PYTHON) -m benchmarks

.PHONY: bench bench-quick bench-reference

bench:
	$(BENCH) --json benchmarks/results/latest.json --plot benchmarks/results/latest.png

bench-quick:
	$(BENCH) --quick

bench-reference:
	$(BENCH) --json benchmarks/results/reference.json --plot docs/images/performance.png
