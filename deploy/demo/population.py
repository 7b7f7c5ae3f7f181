"""The customers: three branches, eight thousand households and shops, all generated."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

BRANCHES = (("GAS-EAST", "城东分公司", 0.42), ("GAS-WEST", "城西分公司", 0.33), ("GAS-NORTH", "城北分公司", 0.25))
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
STREETS = ("建设路", "人民路", "滨河路", "学府路", "迎宾路", "和平路", "振兴路", "环城路")


@dataclass(frozen=True)
class Household:
    """A customer of the gas company."""

    id: str
    name: str
    phone: str
    level: str
    branch: str
    branch_name: str
    address: str
    birthday: str
    commercial: bool

    def card(self) -> dict[str, object]:
        """The `customer` block of a fact."""
        return {
            "id": self.id,
            "name": self.name,
            "phone": self.phone,
            "level": self.level,
            "birthday": self.birthday,
            "address": self.address,
        }

    def org(self) -> dict[str, str]:
        return {"code": self.branch, "name": self.branch_name}


def population(seed: int, size: int = 8000) -> list[Household]:
    """The same seed gives the same customers."""
    rng = random.Random(f"{seed}/population")
    return [_household(rng, number) for number in range(size)]


def _household(rng: random.Random, number: int) -> Household:
    code, title, _ = rng.choices(BRANCHES, weights=[share for *_, share in BRANCHES])[0]
    commercial = rng.random() < 0.06
    surname = rng.choice(SURNAMES)
    born = date(1950, 1, 1) + timedelta(days=rng.randrange(20_000))
    return Household(
        id=f"G{100000 + number}",
        name=f"{surname}记餐馆" if commercial else surname + rng.choice(("先生", "女士")),
        phone=f"1700{number:07d}",
        level="A" if rng.random() < 0.05 else rng.choice("BC"),
        branch=code,
        branch_name=title,
        address=f"{rng.choice(STREETS)}{rng.randrange(1, 300)}号",
        birthday=born.isoformat(),
        commercial=commercial,
    )
