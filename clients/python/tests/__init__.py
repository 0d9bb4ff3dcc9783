"""Tests of the Python client, against a real `databox dev`.

python3 -m unittest discover -t clients/python -s clients/python/tests
"""
