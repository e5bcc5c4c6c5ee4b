"""The contract between templates. All other packages of the builders may import it; it imports none of them.

- ``template``    ``Port``, ``RootParameter``, and ``TierTemplate``, which records what a tier uses, exports and offers;
- ``ports``       every value that crosses from one template to another;
- ``parameters``  the root parameters, ``console`` their groups and order in the console, ``rules`` the rules between them;
- ``functions``   the functions of lambda_src and their timeouts;
- ``platform``    ``Tier`` and ``Platform``;
- ``names``       how names are spelled, ``errors`` the errors of the builders.
"""
