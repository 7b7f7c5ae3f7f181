"""Scheduler (回访调度): decides for every fact who is followed up, when and how, and releases what falls due.

Owns: policies and their versions, populations and draws, decisions, the customer profile and refusals, the contact
ledger, follow-up tasks.
Publishes: `followup.planned|released|postponed|changed|cancelled|expired|deadline_near`, `policy.limit_reached` on
`tasks-v1` and, to itself, `occasion.arrived` on `occasions-v1`.
Consumes: facts (`intake-v1`), complaints, visits, notifications and its own occasions.
Database: pack, policy, policy_version, policy_book, customer, complaint_case, decision, task, due, contact_ledger,
deadline_warning, provisional_task, calendar_day, walk, population, draw, pick, draw_closing, place_taken,
limit_notice, waiting_step, led_step, heard_fact, signal.
"""
