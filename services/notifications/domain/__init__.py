"""The rules of notifications, pure: what is sent to whom, when it may be sent, and what became of it.

`send` the life cycle of one send · `answers` what providers say about it · `moment` may it go out now · `windows` hours ·
`refusals` opt-outs and replies · `rules` which fact leads to which message · `templates` and `lint` the texts ·
`greetings` birthdays and festivals · `contacts` what is known of a customer · `planning` fact + rule + template → send.
"""
