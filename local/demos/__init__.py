"""The demo, ``make demo``: a whole platform on the embedded AWS, by the commands that a platform engineer types.

- ``command`` is its command line and the order of its steps;
- ``run`` is one run: it starts each step as a process of its own and shows what the step prints; ``steps`` are those
  processes;
- ``summary`` is what the demo says at its end;
- ``platforms`` names the demo of each platform; ``trading`` and ``transactions`` use their platform as a client.
"""
