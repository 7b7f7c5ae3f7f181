"""Complaints (投诉): cases, their deadlines in working time, assignments, escalations and rework rounds.

Owns the case from the first dissatisfaction to the closed loop. Publishes `complaint.opened|assigned|escalated|resolved|
reopened|closed` on `complaints-v1`. Consumes `visit.dissatisfied|problem_found` (a first contact opens a case),
`visit.completed|dissatisfied|problem_found|failed` of round 2 and more (the second follow-up's result) and
`visit.corrected` (the case behind a record knows what it says now) from `visits-v1`, `hotline.case_closed` from
`intake-v1`, and `followup.cancelled|expired` from `tasks-v1`: a second follow-up that will not take place ends its case as
unreached. What `customer.number_corrected` tells reaches unfinished cases, and is kept for those that are opened later.
`calendar.published` gives it the official years; deadlines that hang on one that is not published are
provisional, and computed again when it is.
"""
