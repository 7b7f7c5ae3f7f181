"""Codes that customers type: how they are written, read, sealed, and never shown."""

from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import Sealer, mask_text, mask_tree
from shared.privacy.codes import ALPHABET, BITS, HIDDEN, hash_code, hide_codes, seal_code, show_codes, typed, written
from shared.testing.served import DATA_KEY

SEALER = Sealer.from_text(DATA_KEY)
OTHER = Sealer(bytes(range(64)))


@given(st.integers(0, 2**BITS - 1))
def test_what_is_written_is_read_again_however_it_is_typed(number: int) -> None:
    code = written(number)
    assert typed(code) == code
    assert typed(f"  {code.lower().replace('-', '')} ") == code
    assert typed("".join(chr(ord(sign) + 0xFEE0) for sign in code)) == code, "full width"
    assert typed(code.replace("0", "o").replace("1", "l")) == code


def test_each_number_has_a_code_of_its_own() -> None:
    assert len({written(1 << place) for place in range(BITS)} | {written(0)}) == BITS + 1
    assert len(set(ALPHABET)) == 32


def test_what_can_be_no_code_is_none() -> None:
    for text in ("", "12345", "7K3QF-9M2XPP", "7K3QF-9M2XU", "七三零零零零零零零零", "x" * 1_000_000):
        assert typed(text) == ""


@given(st.integers(0, 2**BITS - 1))
def test_a_sealed_code_is_shown_to_the_provider_alone(number: int) -> None:
    code = written(number)
    token = seal_code(SEALER, code)
    message = f"编号{token}，请在三天内填写"
    assert show_codes(SEALER, message) == f"编号{code}，请在三天内填写"
    assert hide_codes(SEALER, message) == f"编号{HIDDEN}，请在三天内填写"
    assert show_codes(OTHER, message) == message
    for shown in (SEALER.masked(token), mask_text(message), str(SEALER.masked_tree({"code": token}))):
        assert not any(part in shown for part in (code[:3], code[-3:], code[6:9])), shown
    assert str(mask_tree({"text": message})).count(code) == 0


def test_other_sealed_values_are_not_opened() -> None:
    phone = SEALER.seal("+8613800138000")
    assert show_codes(SEALER, phone) == phone
    assert hide_codes(SEALER, phone) == phone


def test_the_hash_needs_the_deployments_key() -> None:
    assert hash_code(SEALER, "7K3QF-9M2XP") == hash_code(SEALER, "7K3QF-9M2XP")
    assert hash_code(SEALER, "7K3QF-9M2XP") != hash_code(OTHER, "7K3QF-9M2XP")
    assert "7K3" not in hash_code(SEALER, "7K3QF-9M2XP")
