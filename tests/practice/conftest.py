"""A world of each service that has a way out, or counts across customers."""

from tests.analytics.conftest import analytics as analytics
from tests.gateway.conftest import gateway as gateway
from tests.gateway.test_api_writeback import receiver as receiver
from tests.notifications.conftest import new_world as new_world
from tests.notifications.conftest import world as world
from tests.scheduler.conftest import empty as empty
from tests.visits.conftest import desk as desk
