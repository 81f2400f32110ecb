"""The publishers: one declaration (`declaration.yml`) and one package each, which fetch and parse, nothing else.

Belongs here: how a publisher's bytes are fetched and read into declared columns. Does not belong here: whether the
rows are believed (`quality`), what changed (`storage`), or what they mean (`indicators`). Sources
never import one another.
"""
