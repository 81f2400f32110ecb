"""What is measured: the declarations of indicators (nyckeltal) and of the registers, their types and their loader.

Belongs here: the catalogue (one YAML file for each indicator), the registers, the types that they are validated
against, and pure statistics. Does not belong here: anything that fetches, stores or publishes data. This package
imports nothing of `pipelines`.
"""
