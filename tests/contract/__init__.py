"""Rules for the whole repository: names, sizes, generated files, documents, what may be committed."""
