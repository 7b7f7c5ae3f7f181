"""visits (回访作业): the agents' work.

Owns work items, attempts, callbacks, answers, reviews, calls through a line and who is there, the versioned questionnaires,
the signatures and photographs of visits on site, whose files lie beside the database, and the work rules.
Publishes `visits-v1`: visit.attempted for every try; visit.completed, with visit.dissatisfied and visit.problem_found
beside it; visit.corrected when a finished record is; visit.failed; visit.callback_agreed; visit.invited and
visit.invitation_ended, for customers who answer by themselves at `/q`.
Consumes `tasks-v1`: followup.released becomes a visit, once, of an agent or, by message, of the customer;
followup.postponed lets it wait until it is released again; followup.changed makes it what its task is now;
followup.cancelled takes it away; calendar.published gives it the official years. The pages: the agents' workbench, `/agent`,
and the customers' own, `/q`.
"""
