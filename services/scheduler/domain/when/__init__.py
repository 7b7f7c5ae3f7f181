"""When: amounts of time, contact windows on the working calendar, and triggers by time; arithmetic without policies."""
