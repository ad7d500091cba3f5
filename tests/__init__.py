"""The tests, a file for each part of the library."""
