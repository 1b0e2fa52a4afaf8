"""Bytes in and out: pictures, number tables and points; files are written whole or not at all."""
