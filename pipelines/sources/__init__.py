"""The publishers: one declaration (`<publisher>.yml`) and one module each, which fetch and parse, nothing else.

Belongs here: how a publisher's bytes are fetched and read into declared columns. Does not belong here: whether the
rows are believed (`quality`), what changed (`vintages`), or what they mean (`indicators`). Sources never import one
another.
"""
