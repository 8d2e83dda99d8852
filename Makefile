# Benchmarks beside peers; see docs/performance.md. Peers: pip install --group bench
PYTHON ?= python
BENCH = $(PYTHON) -m benchmarks

.PHONY: bench bench-codec bench-instructions bench-quick bench-reference

bench:
	$(BENCH) --json benchmarks/results/latest.json --plot benchmarks/results/latest.png

bench-quick:
	$(BENCH) --quick

bench-reference:
	$(BENCH) --json benchmarks/results/reference.json --plot docs/images/performance.png

bench-codec:
	$(PYTHON) -m pytest benchmarks/codec --benchmark-disable-gc --benchmark-warmup=on \
		--benchmark-sort=name --benchmark-time-unit=us \
		--benchmark-columns=median,iqr,min,rounds

bench-instructions:
	$(PYTHON) -m benchmarks.instructions --json benchmarks/results/instructions.json
