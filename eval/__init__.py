"""Compares lists of bullets with the lists that people wrote."""
