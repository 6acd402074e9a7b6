"""Hosts from images to images."""
