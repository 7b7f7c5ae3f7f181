"""Backup and restore of all six databases as they were at one moment (ADR 0018).

`moment` opens a reader in every database such that no reader sees an effect whose cause another one lacks; `catalogue`
says what there is to copy, `copying` writes rows to files and back, `manifest` is what a backup says of itself, `take` and
`putback` are the two ways, `keys` keeps a machine's secrets apart, `installation` says where databases and the data key are.

Kafka is not in a backup. What had been published lies in the outbox's archive, what had not in the outbox: after a restore
into an empty Kafka the archive is published again and inboxes drop what had taken effect.
"""
