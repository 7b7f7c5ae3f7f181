"""Notifications: SMS and e-mail that inform or greet; never follow-ups (R02.3).

Owns: message templates and notification rules (both versioned), contacts, consents and opt-outs, the send ledger,
receipts and replies, the greeting calendar.
Publishes: notification.replied, notification.sent, notification.delivered, notification.failed, notification.suppressed (of
what is no promotion), notification.opted_out, notification.opt_out_revoked (`notifications-v1`).
Consumes: `intake-v1`, `tasks-v1`, `visits-v1`, `complaints-v1`: contacts are kept from facts, and rules decide which events
lead to a message.

How a message gets out without ever going out twice: a handler or the greetings job plans a row in the ledger, under a key
of purpose, recipient and cause that is unique. The send job leases planned rows with a fencing token and commits; only
then does it call the provider, and records the answer in a second transaction. A process that dies in between leaves a
lease behind: once it is over and the process' database session is gone, the send is *unknown*, and the settle job asks
the provider. It is sent again only when the provider definitely never took it.
"""
