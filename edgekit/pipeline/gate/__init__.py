"""The parts of the gate: files of variants, what they compute, their times, the facts of all."""
