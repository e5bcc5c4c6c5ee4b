"""Replaying: quarantined data and dead letters return to processing, once their cause is fixed.

In: the raw bucket, its archive and its queue, which the stack's outputs and the bucket's notification name. Out: a
``ReplayResult`` with the counts and the entries that stay.

- ``replay`` lists the quarantine and replays its objects and records.
- ``dead_letters`` moves the dead letters of the object queue.
- ``layout`` has the prefixes and suffixes of the keys.

It must not lose an entry: the work is in the queue or stored before the entry is deleted, so a crash at any point leaves it
in one of the two places. It must not overwrite a raw object that exists.

The design costs a possible second processing of the same data, which has no second effect, and a copy of the functions'
layout of keys, which a test compares with theirs.
"""
