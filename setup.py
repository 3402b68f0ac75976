"""What pyproject.toml cannot say beside `packages.find`: one package that stands elsewhere.

The wheel holds `sample_models/digits` as `edgekit/sample_models/digits`, for `edgekit demo`.
"""

from setuptools import find_namespace_packages, setup

_SAMPLE = "edgekit.sample_models.digits"

setup(
    packages=[*find_namespace_packages(include=["edgekit*"]), _SAMPLE],
    package_dir={_SAMPLE: "sample_models/digits"},
)
