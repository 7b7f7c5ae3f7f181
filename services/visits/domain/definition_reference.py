"""What a questionnaire's file may hold, for editors and for people: from its declaration."""

from services.visits.domain.definition import QuestionnaireFile
from shared.conditions.declared import AllOf, AnyOf, Comparison, Count, Expression, Named, Not
from shared.declared.reference import reference
from shared.declared.schema import Schema, file_schema

NOT_HERE = (Count, Expression, Named)
INTRODUCTION = """\
由 `python -m deploy.docs` 从代码生成，请勿手改。一份问卷是 `questionnaires/` 下的一个文件（QuestionnaireFile），
文件名与 `id` 相同。

问题的条件（`when`）与策略、消息规则的条件是同一种语言：AllOf、AnyOf、Not 之下是条件，叶子是 Comparison。
`field` 写前面一道题的题号，值是它的答案；没有回答时没有值，用 `op: exists` 判断；多选题有几个答案，用 `op: contains`
判断其中一个。坐席的页面断网时也要判断下一题，所以没有 `cel`、`history`、`named` 和 `op: matches`。"""


def questionnaire_schema() -> Schema:
    """The JSON Schema of a questionnaire."""
    return file_schema(QuestionnaireFile, "回访问卷的 YAML 文件", NOT_HERE)


def questionnaire_reference() -> str:
    """The reference of all keys of a questionnaire, in Markdown."""
    models = (QuestionnaireFile, AllOf, AnyOf, Not, Comparison)
    return f"# 问卷的格式：每个键\n\n{INTRODUCTION}\n\n{reference(models, NOT_HERE)}"
