"""The parts of `init`: what a model says of itself, what lies beside it, and the text of it all."""
