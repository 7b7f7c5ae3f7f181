"""接入: the door for facts from outside, and the way back for results.

Owns raw messages (sealed), the identities of accepted events, sources and their credentials, the last known state of
senders' documents, uploaded files with a result per row, write-back endpoints and deliveries.
Publishes every event of `intake-v1`; the sender's id and source stay on the event.
Consumes `visits-v1` and `complaints-v1`, to write results back to where a fact came from.
"""
