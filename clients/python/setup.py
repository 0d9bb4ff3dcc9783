from setuptools import setup

# All of it is in setup.cfg, which the setuptools of Debian 10 reads; a pyproject.toml would have pip look for others.
setup()
