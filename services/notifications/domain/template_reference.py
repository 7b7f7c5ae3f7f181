"""What a template's file may hold, for editors and for people: from its declaration."""

from services.notifications.domain.template_file import TemplateFile
from shared.conditions.declared import AllOf, AnyOf, Comparison, Count, Expression, Named, Not
from shared.declared.reference import reference
from shared.declared.schema import Schema, file_schema

NOT_HERE = (Count, Named)
INTRODUCTION = """\
由 `python -m deploy.docs` 从代码生成，请勿手改。一个模板和用它的规则是 `templates/` 下的一个文件（TemplateFile）。

规则的条件（`condition`）与策略、问卷的条件是同一种语言：AllOf、AnyOf、Not 之下是条件，叶子是 Comparison 或
Expression。`field` 写事件的数据字段路径（如 `customer.level`），或 `event.type`；CEL 的变量为 `data`、`event`
（只有 `type`）和 `customer`（事件带来的客户）。规则只看这一个事件，所以没有 `history` 和 `named`。"""


def template_schema() -> Schema:
    """The JSON Schema of a template with its rules."""
    return file_schema(TemplateFile, "消息模板的 YAML 文件", NOT_HERE)


def template_reference() -> str:
    """The reference of all keys of a template and its rules, in Markdown."""
    models = (TemplateFile, AllOf, AnyOf, Not, Expression, Comparison)
    return f"# 消息模板和规则的格式：每个键\n\n{INTRODUCTION}\n\n{reference(models, NOT_HERE)}"
