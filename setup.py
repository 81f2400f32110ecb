"""What the wheel holds beside the code: the dbt project and the embedded figures, which lie at the top of a checkout.

Belongs here: which folders become packages. Does not belong here: everything else that can be declared
(`pyproject.toml`).
"""

from setuptools import find_namespace_packages, setup

# `pipelines/settings.py` looks for them under these names where there is no checkout around the code.
BUNDLED = {"pipelines.bundled.dbt_project": "dbt_project", "pipelines.bundled.snapshot": "data/snapshot"}

# What Great Expectations writes when somebody opens the stored suites with it.
LEFT_BY_GX = ["pipelines.quality.gx.uncommitted*", "pipelines.quality.gx.plugins*"]

OWN = find_namespace_packages(include=["pipelines*", "indicators*"], exclude=LEFT_BY_GX)
setup(packages=[*OWN, *BUNDLED], package_dir=BUNDLED)
