"""Bundled synthetic recordings, with their laboratory and subject files."""
