"""Personal data is sealed, masked, and never whole in a text for people."""

import re
import string
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.privacy import PREFIX, ForeignToken, Sealer, e164, is_mobile, mask_phone, mask_prose, mask_text

SEALER = Sealer(bytes(range(64)))
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
# digits next to a number make it another number; everything else may touch it
surroundings = st.text(
    st.characters(codec="utf-8", exclude_categories=["Nd"])
    | st.sampled_from(string.ascii_letters + "电话：-_. +\\/@#\"'"),
    max_size=12,
)

# a number without a prefix in one of the lengths that ids and hashes have is taken for one of these
HASH = re.compile(
    r"(?<![0-9a-z])(?=[a-f]*(1[3-9][0-9]{9})[a-f]*(?![0-9a-z]))[0-9a-f]{16}(?![0-9a-z])", re.IGNORECASE | re.ASCII
)


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """A mobile number in one of the ways people write it."""
    between = draw(st.sampled_from(["", " ", "-", ".", "\u3000", "\n", "\t"]))
    prefix = draw(st.sampled_from(["", "+86", "86", "0086", "+86 ", "+86-", "86-", "0086 "]))
    if draw(st.booleans()):
        number = number.translate({ord(digit): chr(ord(digit) + 0xFEE0) for digit in string.digits})
    return prefix + between.join((number[:3], number[3:7], number[7:]))


def digits(text: str) -> str:
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", text))


@given(st.data(), mobiles, surroundings, surroundings)
@example(None, "13800000017", "SO", "")
@example(None, "13800000017", "\\n", "\\n")
@example(None, "13800000017", "\\u8bd7", "")
@example(None, "13800000017", "https://x.example/?phone=", "&a=1")
@example(None, "13800000017", "0086", "A")
@example(None, "13800000017", "b86", "ab")
def test_no_whole_mobile_number_survives_masking(
    data: st.DataObject | None, number: str, before: str, after: str
) -> None:
    text = before + (data.draw(written(number)) if data else number) + after
    assume(number not in HASH.findall(unicodedata.normalize("NFKC", text)))
    assert number not in digits(mask_text(text))


@given(st.lists(mobiles, min_size=2, max_size=5), st.sampled_from([",", "、", ";", " / ", "\n", '", "', " ", "-"]))
def test_no_number_of_a_list_survives_masking(numbers: list[str], comma: str) -> None:
    masked = mask_text(comma.join(numbers))
    assert not any(number in masked for number in numbers)


@given(surroundings)
def test_text_without_digits_stays_as_it_is(text: str) -> None:
    assume(not any(character.isdigit() for character in text))
    assert mask_text(text) == text


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13800000017谢谢", "请回电138****0017谢谢"),
        ("身份证11010119900307851X", "身份证110101********X"),
        ("座机028-80000017", "座机028-****017"),
        ("工单 WX202603030017 已结案", "工单 WX202603030017 已结案"),
        ("5101202603060023745", "5101202603060023745"),
        ("019cb2ba-c2f0-7c4e-9a52-13800138000f", "019cb2ba-c2f0-7c4e-9a52-13800138000f"),
        ("4bf92f3577b34da6a3ce13800138000e", "4bf92f3577b34da6a3ce13800138000e"),
        ("2026-03-02T10:00:00+08:00 took 0.0134567890 s", "2026-03-02T10:00:00+08:00 took 0.0134567890 s"),
    ],
)
def test_masking_shows_ends_and_leaves_document_numbers(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@given(st.text(max_size=40))
def test_what_is_sealed_can_be_unsealed(plain: str) -> None:
    assume(not plain.startswith(PREFIX))
    token = SEALER.seal(plain)
    assert token.startswith(PREFIX)
    assert SEALER.unseal(token) == plain
    assert SEALER.seal(token) == token == SEALER.seal(plain)


@given(st.binary(max_size=200))
def test_sealed_bytes_can_be_unsealed(plain: bytes) -> None:
    assert SEALER.unseal_bytes(SEALER.seal_bytes(plain)) == plain


@pytest.mark.parametrize("token", ["sealed:v1:", "sealed:v1:AAAA", "sealed:v1:???", "sealed:v1:电话", "13800000017"])
def test_what_another_key_or_nobody_sealed_cannot_be_unsealed(token: str) -> None:
    with pytest.raises(ValueError, match="not a sealed value"):
        SEALER.unseal(token)
    with pytest.raises(ValueError, match="not a sealed value"):
        SEALER.unseal(Sealer(b"\1" * 64).seal("13800000017"))


def test_bytes_sealed_by_another_key_cannot_be_unsealed() -> None:
    with pytest.raises(ValueError, match="not sealed by this deployment"):
        SEALER.unseal_bytes(Sealer(b"\1" * 64).seal_bytes(b"abc"))


@given(mobiles)
@example("17900001000")  # 179xx dials by way of a carrier, and a parser may take it off
def test_all_spellings_of_a_number_have_one_token(number: str) -> None:
    apart = f"{number[:3]} {number[3:7]} {number[7:]}"
    wide = number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    plain = [number, f" {number} ", apart, f"86{number}", f"+86{number}", f"+86 {apart}", f"0086-{number}"]
    spellings = [*plain, f"（+86）{wide}"]
    assert len({SEALER.seal_phone(spelling) for spelling in spellings}) == 1
    assert SEALER.unseal(SEALER.seal_phone(number)) == f"+86{number}"
    assert SEALER.masked(SEALER.seal_phone(number)) == SEALER.masked(number) == f"{number[:3]}****{number[7:]}"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | mobiles,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["phone", "phones", "mobile", "name", "customer", "note"]), children, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_sealing_a_tree_leaves_no_number_and_is_done_once(tree: object) -> None:
    sealed = SEALER.protect(tree)
    assert SEALER.protect(sealed) == sealed
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", " ".join(leaves(sealed)), re.ASCII)
    assert len(list(leaves(sealed))) == len(list(leaves(tree)))


def leaves(tree: object) -> list[str]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in leaves(value)]
    if isinstance(tree, float) and not tree.is_integer():
        return ["a measure"]
    return [] if isinstance(tree, str) and tree.startswith(PREFIX) and not tree[10:] else [str(tree)]


def test_sealing_a_tree_takes_numbers_by_field_and_by_look() -> None:
    sealed = SEALER.protect(
        {
            "customer": {"name": "陈静", "phone": 13800000017, "phones": ["028-80000017"]},
            "note": "13800000017",
            "qty": 2,
            "volume": 13800000017.5,
        }
    )
    assert SEALER.unseal(sealed["customer"]["phone"]) == SEALER.unseal(sealed["note"]) == "+8613800000017"
    assert SEALER.unseal(sealed["customer"]["phones"][0]) == "+862880000017"
    assert sealed["customer"]["name"] == "陈静"
    assert (sealed["qty"], sealed["volume"]) == (2, 13800000017.5)


@pytest.mark.parametrize(
    ("raw", "number", "sms"),
    [
        ("13800000017", "+8613800000017", True),
        ("0571-88880000", "+8657188880000", False),
        ("+1 415 555 2671", "+14155552671", True),
    ],
)
def test_numbers_are_kept_in_e164_and_only_mobiles_take_an_sms(raw: str, number: str, sms: bool) -> None:
    assert e164(raw) == number
    assert is_mobile(number) is sms


@pytest.mark.parametrize("raw", ["", "无", "12", "138001380001380013800"])
def test_what_is_no_number_has_no_e164_form(raw: str) -> None:
    assert e164(raw) is None
    assert not is_mobile(raw)


@given(st.text(string.digits + "+- ", max_size=20))
def test_a_masked_number_never_shows_more_than_seven_digits(number: str) -> None:
    assert len(digits(mask_phone(number))) <= 7


@pytest.mark.parametrize("code", ["SO15012345678", "510108202603020005678", "WX-20260302-0017", "2026-03-02"])
def test_codes_and_addresses_are_kept_whole_for_they_must_be_found_again(code: str) -> None:
    assert mask_prose(code) == code
    assert SEALER.protect({"order_no": code}) == {"order_no": code}


@pytest.mark.parametrize(
    "code", ["WX-13800000017-2", "zhang13800000017@example.com", "13800000017@139.com", "call_0571-88880000"]
)
def test_a_code_or_address_that_holds_a_number_is_sealed_whole(code: str) -> None:
    sealed = SEALER.protect({"order_no": code})["order_no"]
    assert SEALER.unseal(sealed) == code
    assert "****" in SEALER.masked(sealed)


@pytest.mark.parametrize(
    "prose",
    [
        "call 13800000017 first",
        "tel:13800000017",
        "13800000017,13800000018/13800000017",
        '{"phone": "13800000017"}',
        "打13800000017",
        "電話 １３８00000017",
    ],
)
def test_numbers_in_prose_are_masked_whatever_its_language(prose: str) -> None:
    assert "00000017" not in str(SEALER.protect(prose))
    assert "****" in SEALER.protect(prose)


@pytest.mark.parametrize(
    "value", [13800000017, 13800000017.0, "13800000017.0", " 138-0000-0017 ", "138.0000.0017", "+86 13800000017"]
)
def test_a_bare_number_is_sealed_however_it_is_written(value: object) -> None:
    assert SEALER.unseal(SEALER.protect(value)) == "+8613800000017"


def test_two_ids_with_numbers_stay_two_and_names_of_members_lose_theirs() -> None:
    first, second = (SEALER.protect({"id": f"陈13800{part}0017"}) for part in ("00", "99"))
    assert first != second
    assert SEALER.unseal(first["id"]) == "陈13800000017"
    assert SEALER.protect({"13800000017": 1, "电话13800000017": 2}) == {"138****0017": 1, "电话138****0017": 2}


def test_a_landline_is_sealed_where_the_name_says_it_is_one() -> None:
    assert SEALER.unseal(SEALER.protect({"客户手机": "0571-88880000"})["客户手机"]) == "+8657188880000"
    assert SEALER.unseal(SEALER.protect({"客户座机": "88880000"})["客户座机"]) == "88880000"
    assert SEALER.protect({"batch": "88880000"}) == {"batch": "88880000"}


def test_a_token_of_another_deployment_is_refused() -> None:
    with pytest.raises(ForeignToken):
        SEALER.protect({"customer": {"phone": Sealer(b"\1" * 64).seal("13800000017")}})


def test_a_text_that_only_looks_like_a_token_is_shown_as_typed() -> None:
    typed = "sealed:v1:AAAA"
    assert SEALER.masked(typed) == typed
    assert SEALER.masked_tree({"object": [typed, "13900139000"]}) == {"object": [typed, SEALER.masked("13900139000")]}


def test_short_texts_are_kept_but_for_numbers_and_tokens() -> None:
    assert SEALER.protect({"name": "李四", "level": "A", "sku": "10086"}) == {
        "name": "李四",
        "level": "A",
        "sku": "10086",
    }
    assert SEALER.unseal(SEALER.protect({"phone": "66886688"})["phone"]) == "66886688"
    with pytest.raises(ForeignToken):
        SEALER.protect({"name": PREFIX})
