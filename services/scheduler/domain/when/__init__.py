"""When: amounts of time, contact windows on the working calendar, provisional years, and triggers by time."""
