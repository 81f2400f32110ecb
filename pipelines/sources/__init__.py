"""The publishers: one declaration (`declaration.yml`) and one package each, which fetches and parses, nothing else.

Belongs here: how a publisher's data is fetched and parsed into declared columns, and what publishers share: the HTTP
client, the fetch journal, table files, PxWeb, layouts of workbooks. Does not belong here: whether the rows are
accepted (`quality`), what changed (`storage`), or what they mean (`indicators`). Publishers never import one another.
"""
