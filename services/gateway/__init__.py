"""接入: the door for facts from outside, and the way back for results.

Owns raw messages (sealed), the identities of accepted events, sources and their credentials, the last known state of
senders' documents, uploaded files with a result per row, write-back endpoints and deliveries; people and their passwords.
Publishes every event of `intake-v1`; the sender's id and source stay on the event. Publishes `people-v1`: who there is now.
Consumes `visits-v1` and `complaints-v1`, to write results back to where a fact came from.
"""
