"""Packaging: folders and committed templates become objects in the artifact bucket.

In: a project's folders, the committed templates and the bucket. Out: a ``Package`` with the URLs of the templates and the
parameters that carry the keys of the zips.

- ``artifacts`` builds a zip for each folder that the root template names; ``wheels`` fetches its wheels.
- ``package`` uploads what the bucket lacks and points each template at its packaged children.

It must not depend on the machine: the same sources give the same key on every machine, so a laptop and CI upload the same
objects, and an unchanged function is no change of the stack. It never deletes an object, because a deployed stack may refer
to it.

The design costs a zip and a hash of every source for each plan, and a bucket that grows. The cache and the content keys make
a second packaging one read of the sources and one HeadObject for each object.
"""
