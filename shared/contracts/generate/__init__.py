"""Documents made from the contracts: JSON Schemas, an AsyncAPI 3.0 description and the catalogue of events.

`documents()` gives them as texts by file name. Who consumes what is passed in, because contracts know no services.
"""

from shared.contracts.generate.documents import documents
from shared.contracts.generate.subscribers import Subscriber

__all__ = ["Subscriber", "documents"]
