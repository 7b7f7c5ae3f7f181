"""visits (回访作业): the agents' work.

Owns work items, attempts, callbacks, answers and reviews, and the versioned questionnaires.
Publishes `visits-v1`: visit.attempted for every try; visit.completed, with visit.dissatisfied and visit.problem_found
beside it; visit.failed; visit.callback_agreed.
Consumes `tasks-v1`: followup.released becomes a visit, once; followup.cancelled takes it away again; calendar.published
gives it the official years.
"""
