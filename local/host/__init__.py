"""What this machine gives: processes, ports, certificates, the programs of the database servers, and a browser.

The lowest folder of ``local``: it imports no other. ``tools.venv`` imports ``packages`` and ``errors`` before anything is
installed, so these two, ``servers`` and ``progress`` need nothing but the standard library.
"""
