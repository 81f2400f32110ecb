"""Reading a release safely: with SQL that was checked first, on a database that is opened to be read only.

Belongs here: the rules for a reader's SQL, and the questions that several clients ask. Does not belong here: how an
answer is shown (`commands`, `api`, `site`).
"""
