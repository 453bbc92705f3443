"""A help desk full of made-up people and tickets, for the demo, the tests and the benchmarks."""
