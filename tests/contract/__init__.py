"""Tests of the rules that hold for the whole house: imports, sizes, generated files, what may be committed."""
