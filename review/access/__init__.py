"""Whether a change of policies allows more than before, decided without AWS.

The answer is *not broader*, *broader* with a request as an example, or *unknown* with its causes, which counts as broader.
The package is below the rest of the review and imports ``cfn`` only::

    templates, parameters ── stacks, symbols ──> resolved resources, in which unknown values keep their identity
        discovery: the policies by the place where they are attached
            document, statements: canonical statements; equal ones end here
                model, texts, principals, conditions, rules ──> predicates on dimensions of a request
                    engine: the two questions, as a search over clauses
                        solver: one dimension at a time, by automata of globs or by the values that decide
                    decision, request: the answer, the example and its sentence

What callers use:

- ``document.load`` reads one policy, ``decision.decide`` and ``decision.compare`` compare two.
- ``discovery.attachments`` finds all policies of a tree of stacks, ``discovery.comparisons`` compares two trees.
- ``request.Witness.sentence`` says what is newly allowed. ``decision.Comparison.change`` names the change: same, broader,
  narrower, both, or unknown.

Three rules make *not broader* safe:

- Two questions are asked of every place: what is allowed now and was not, and what was denied and is not now. The first one
  alone misses a dropped Deny whose Allow is in another policy.
- What is not known is a doubt: a truth that is free, but the same before and after. A value that only the deployment knows, a
  policy variable, an unknown operator and a whole unread statement are doubts. *Not broader* holds whatever they are. An
  example holds whatever they are too, except that the value of each resource is then a value of its own.
- Condition keys are independent of each other and of the principal, and each may be absent. So the engine knows requests
  that AWS never makes, and none is missing.

The work is counted in states and nodes, so the same question has the same answer on every machine.

Bool compares keys whose values are true and false; Numeric, Date, IpAddress and Arn operators compare keys with values of
these kinds. The engine takes AWS at that word. Two values of a resource before and after are equal if the resource has the
same path and logical id, also if it is replaced. Organizations' policies, session policies, grants and ACLs are outside of
the templates.
"""
