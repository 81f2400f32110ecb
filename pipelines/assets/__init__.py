"""Dagster's shells over the steps of a run: one asset for each dataset and step, never one for an indicator.

Belongs here: names, dependencies, checks and metadata for the lineage. Does not belong here: logic; every asset calls
one method of `pipelines.run.Run`.
"""
