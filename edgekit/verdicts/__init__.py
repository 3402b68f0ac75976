"""Rules and measurements in, verdicts out: pure, without files, processes or clocks."""
