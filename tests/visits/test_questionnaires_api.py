"""Publishing questionnaires."""

import asyncio

from tests.visits.conftest import PACK, Desk

YAML = {"Content-Type": "application/yaml"}


async def test_the_same_content_is_published_once(desk: Desk) -> None:
    body = (PACK / "second-followup.yaml").read_bytes()
    async with desk.served.client("policy_owner") as author:
        first = await author.post("/api/v1/questionnaires", content=body, headers=YAML)
        again = await author.post("/api/v1/questionnaires", content=body + b"\n# a remark\n", headers=YAML)
        assert (first.status_code, first.json()) == (
            201,
            {"id": "second-followup", "version": 1, "created": True, "warnings": []},
        )
        assert (again.status_code, again.json()["version"], again.json()["created"]) == (200, 1, False)


async def test_changed_content_is_a_new_version_and_the_old_one_stays(desk: Desk) -> None:
    async with desk.served.client("supervisor") as author:
        old = (await author.get("/api/v1/questionnaires/gas-service")).json()
        changed = old["definition"] | {"title": "新版"}
        assert (await author.post("/api/v1/questionnaires", json=changed)).json()["version"] == 2
        assert (await author.get("/api/v1/questionnaires/gas-service")).json()["title"] == "新版"
        assert (await author.get("/api/v1/questionnaires/gas-service/versions/1")).json() == old
        versions = (await author.get("/api/v1/questionnaires/gas-service/versions", params={"limit": 1})).json()
        assert [one["version"] for one in versions["items"]] == [2]
        older = {"cursor": versions["next_cursor"]}
        versions = (await author.get("/api/v1/questionnaires/gas-service/versions", params=older)).json()
        assert ([one["version"] for one in versions["items"]], versions["next_cursor"]) == ([1], None)
        assert (await author.post("/api/v1/questionnaires", json=old["definition"])).json()["version"] == 3


async def test_two_authors_at_once_get_two_versions(desk: Desk) -> None:
    async with desk.served.client("supervisor") as author:
        definition = (await author.get("/api/v1/questionnaires/gas-service")).json()["definition"]
        answers = await asyncio.gather(
            *(
                author.post("/api/v1/questionnaires", json=definition | {"title": f"第{number}稿"})
                for number in range(4)
            )
        )
    assert sorted(answer.json()["version"] for answer in answers) == [2, 3, 4, 5]


async def test_the_newest_versions_are_listed(desk: Desk) -> None:
    async with desk.served.client("auditor") as reader:
        first = (await reader.get("/api/v1/questionnaires", params={"limit": 1})).json()
        rest = (await reader.get("/api/v1/questionnaires", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ["gas-repair", "gas-service"]
    assert rest["next_cursor"] is None


async def test_faults_are_told_in_chinese(desk: Desk) -> None:
    body = "id: q\ntitle: 问卷\nquestions:\n- {id: a, kind: single, title: 甲, ask: 甲？}\n"
    async with desk.served.client("policy_owner") as author:
        answer = await author.post("/api/v1/questionnaires", content=body.encode(), headers=YAML)
    assert (answer.status_code, answer.json()["title"]) == (422, "问卷定义有误")
    assert answer.json()["errors"] == [{"key": "questions[0]", "message": "「甲」：至少要有两个选项"}]


async def test_what_is_no_plain_yaml_is_refused(desk: Desk) -> None:
    alias, tag = b"a: &x [1, 2]\nb: [*x, *x]", b"a: !!python/object:os.system {}"
    async with desk.served.client("policy_owner") as author:
        for body in (b"a: [1", b"\xff\xfe", alias, tag, b"[" * 3000):
            answer = await author.post("/api/v1/questionnaires", content=body, headers=YAML)
            assert answer.status_code == 400, body[:40]


async def test_a_broken_json_body_and_a_huge_one_are_refused(desk: Desk) -> None:
    async with desk.served.client("policy_owner") as author:
        answer = await author.post("/api/v1/questionnaires", content=b"{", headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert (await author.post("/api/v1/questionnaires", content=b"#" * 70_000, headers=YAML)).status_code == 413


async def test_a_questionnaire_nobody_published_is_not_found(desk: Desk) -> None:
    async with desk.served.client("auditor") as reader:
        for path in ("nobody", "nobody/versions/1", "gas-service/versions/9"):
            answer = await reader.get(f"/api/v1/questionnaires/{path}")
            assert (answer.status_code, answer.json()["title"]) == (404, "没有这份问卷")
