"""Performance as ratios inside one run; see docs/benchmarks.md. A benchmark, never a timed test."""
