"""What people can do is kept with them: it goes with their session, where claims ask for it."""

from services.gateway.procedures.accounts import principal_of
from services.gateway.store import people
from shared.testing import Served
from tests.gateway.test_people_api import PATH, change, make, send, sheet


async def test_skills_are_kept_changed_and_go_with_the_session(gateway: Served) -> None:
    assert (await make(gateway, skills=["yue", "on_site", "yue"]))["skills"] == ["yue", "on_site"]
    async with gateway.runtime.db.read() as session:
        person = await people.get_person(session, "ann")
    assert person is not None
    assert principal_of(person).skills == ("yue", "on_site")
    assert (await change(gateway, "PATCH", "ann", {"skills": ["en"]})).json()["skills"] == ["en"]
    (_, told) = await gateway.published("person.changed")
    assert told.data["sessions_void_before"] is not None  # the session holds them


async def test_a_sheet_may_name_skills_in_chinese(gateway: Served) -> None:
    rows = ("bo", "博", "坐席", "粤语、上门"), ("li", "李", "坐席", "")
    answer = await send(gateway, sheet(*rows, header=("登录名", "姓名", "角色", "技能")))
    assert [row["result"] for row in answer.json()["items"]] == ["new", "new"]
    async with gateway.client("admin") as client:
        found = {one["login"]: one["skills"] for one in (await client.get(PATH)).json()["items"]}
    assert (found["bo"], found["li"]) == (["yue", "on_site"], [])
