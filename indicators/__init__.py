"""What is measured: the declarations of nyckeltal and of the registers, their types and their loader.

Belongs here: the catalogue (one YAML file an indicator), the registers, the model that they are checked against, and
pure statistics. Does not belong here: anything that fetches, stores or publishes data. This package imports nothing of
`pipelines`.
"""
