"""What tests of services need: databases cloned from migrated templates, served apps, events, brokers."""

from shared.testing.events import event, example
from shared.testing.models import assert_models_match
from shared.testing.served import Served, serve

__all__ = ["Served", "assert_models_match", "event", "example", "serve"]
