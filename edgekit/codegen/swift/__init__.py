"""The Swift package of a bundle."""
