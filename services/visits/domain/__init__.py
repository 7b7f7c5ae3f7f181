"""The rules of visits: `visit` (life cycle), `attempts` (what one try leads to), `results` (codes), `work_rules` (what a
deployment sets), `hours` (when a customer may be called), `questionnaire`, `definition`, `conditions`, `answering`, `script`
(what is asked, and what the answers mean)."""
