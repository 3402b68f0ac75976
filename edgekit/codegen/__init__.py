"""Code for apps, generated from a `Bundle`: pure, from records and bytes to files."""
