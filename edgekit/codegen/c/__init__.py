"""The C sources of a bundle."""
