"""What the templates and parameters of a plan change, without the change set.

- ``compare`` compares the deployed tree of stacks with the planned one: a ``Fate`` for each resource.
- ``difference`` says where two values differ; ``matching`` pairs the items of two lists, and ``scripts`` reads lines.
- ``entries`` compares one resource, ``sections`` everything in a template but its resources.
- ``attributes`` and ``replacement`` say what follows from a change: which values follow it, and whether it replaces the
  resource. ``names`` and ``instances`` say why a replacement fails, and what happens to running instances.
"""
