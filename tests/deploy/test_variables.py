from deploy.local.variables import unknown_variables


def test_every_setting_of_launcher_and_services_is_known() -> None:
    given = ("VAR", "VISITS_PORT", "CLOCK", "POSTGRES_DSN_FILE", "SEND_BATCH", "VISIT_LEASE_SECONDS", "BENCH_EVENTS")
    assert unknown_variables({f"HUIFANG_{name}": "1" for name in given} | {"PATH": "/bin"}) == []


def test_a_slip_is_named_with_what_was_probably_meant() -> None:
    assert unknown_variables({"HUIFANG_VISIT_LEASE_SECOND": "60"}) == [
        "nothing reads HUIFANG_VISIT_LEASE_SECOND: did you mean HUIFANG_VISIT_LEASE_SECONDS?"
    ]
