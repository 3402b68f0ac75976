"""Hand-written sources that bundles carry, by language. Nothing here is imported by edgekit."""
