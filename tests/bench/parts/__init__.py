"""The parts of make bench.  Each has measure(bench, part)."""
