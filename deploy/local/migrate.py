"""Bring every service's database to its newest schema; a process of its own, for what it imports is heavy."""


def main(dsns: dict[str, str]) -> None:
    """`dsns` by service."""
    from shared import migrations

    for service, dsn in dsns.items():
        migrations.upgrade(service, dsn)
