"""What a stranger's model file may name and do, decided before it is loaded."""
