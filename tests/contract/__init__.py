"""Tests of the rules of the whole house: imports, sizes, generated files, what may be committed."""
