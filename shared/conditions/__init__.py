"""The one language of conditions, in policies, questionnaires and message rules alike.

A condition is a tree: `{all: [...]}`, `{any: [...]}`, `{not: {...}}` or a leaf. A leaf is `{field, op, value}`, `{cel: ...}` or
`{history, op, value}`. Whoever has conditions says what their fields, variables and histories are (`tree.Names` when they are
asked, `declared.Place` when they are read): a question knows earlier answers, a policy a fact and its customer.
"""
