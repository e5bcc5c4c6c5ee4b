"""The contract between templates: what every other part of the builders may rely on, and what imports none of them.

- ``template``    ``Port``, ``RootParameter``, and ``TierTemplate``, which records what a tier uses, exports and offers;
- ``ports``       every value that crosses from one template to another;
- ``parameters``  the root parameters, ``console`` their groups and order there, ``rules`` what holds between them;
- ``platform``    ``Tier`` and ``Platform``;
- ``words``       spellings of names, ``errors`` the errors of the builders.
"""
