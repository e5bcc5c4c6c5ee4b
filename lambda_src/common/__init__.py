"""Code that the functions share; packaged beside each of them as ``common/``."""
