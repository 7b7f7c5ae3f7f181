"""What stays of an event about somebody who was erased, by the names of its texts.

Numbers, times, yes and no, and words of a fixed list stay wherever a contract declares them as such. Of texts only the codes
below stay; `PERSONAL` is everything else. `tests/contracts/test_erasure.py` asks of each text of each contract that it is in
exactly one of the two, so that whoever adds one says which it is.
"""

CODES = frozenset(
    {
        # which event, document, task, visit, case or message it is
        *("id", "event_id", "event_source", "event_type", "source", "type", "lineage", "cause_id", "part", "step"),
        *("order_no", "work_order_no", "parent_work_order_no", "case_no", "account_no", "project_no", "alarm_no"),
        *("platform_no", "external_id", "number", "subject", "origin_id", "task_id", "visit_id", "attempt_id"),
        *("case_id", "send_id", "invitation_id", "key_id", "session_id", "sha256", "customer_id"),
        # what it counts under
        *("branch", "kind", "category", "code", "region_code", "currency", "level", "tier", "stage", "sku", "stratum"),
        *("policy_id", "questionnaire", "template", "purpose", "provider", "own_code", "pack"),
        # who of the organisation did it
        *("agent", "owner", "done_by", "corrected_by", "reopened_by", "responsible_unit", "team", "teams", "unit"),
        *("units", "parent", "role", "roles", "worker", "person_id", "never_alone", "barred"),
    }
)
# codes in most events, words that somebody wrote in some: a value without blanks, in ASCII, stays
REASONS = frozenset({"reason", "reasons", "problems"})
# likewise in what a service made itself, where no contract says that it is a word of a list
OWN = frozenset({"outcome", "grade", "channel", "satisfaction", "state", "result"})
# units and people of the organisation, codes with their names, and the hours of a policy
WHOLE = frozenset({"Org", "Named", "ContactHours"})
# answers to questions: numbers are counted (as the recommendation is), words are the customer's
COUNTED = frozenset({"answers"})
PERSONAL = frozenset(
    {
        *("name", "gender", "phone", "phones", "phone_masked", "email", "birthday", "preferred_channel"),
        *("preferred_times", "address", "service_address", "location", "area", "product", "model", "sn", "serial_no"),
        *("title", "content", "description", "measures", "handle_result", "remark", "why", "by", "result", "wrong"),
        *("result_title", "hazards", "tags", "path", "method"),
        *("shift", "skills"),
    }
)
