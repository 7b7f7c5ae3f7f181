"""Live pages: a page keeps a stream open, over which it is nudged to ask again for what has changed (WHATWG HTML §9.2).

A nudge names parts of the page and carries no data: what a page shows it asks for as always, by its own rights. A trigger
notifies `listener.CHANNEL` of changed rows with the transaction that changes them; every process that has streams listens
there, and its service says whom a change concerns (`Service.live`). Where there is no stream the page asks every few seconds.
"""

from shared.live.live import Live, LivePages, open_stream

__all__ = ["Live", "LivePages", "open_stream"]
