"""Erasure of a customer (ADR 0026): what tells who somebody is goes from every database, what is counted stays.

- `stays`: which texts of an event are codes and stay; everything else a person or a sender wrote goes
- `scrub`: takes the rest out of the data of an event, and out of rows that are made of it
- `places`: where every service holds whole events: outbox, archive, dead letters
- `kept`: which erasures a service has heard of, and when it goes over its database again
- `job`: goes over it
"""

from shared.erasure.job import Erases
from shared.erasure.kept import Erasure, keeps_erasures
from shared.erasure.scrub import scrubbed, scrubbed_as, scrubbed_names, scrubbed_own

__all__ = ["Erases", "Erasure", "keeps_erasures", "scrubbed", "scrubbed_as", "scrubbed_names", "scrubbed_own"]
