"""Names of a claim that its source does not have."""

import pytest

from pincite.names import new_names


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("The mill was built by Trewin.", "Josiah Trewin put it up"),
        ("The Bolivian government took over.", "Bolivia's government"),
        ("It sells to the Dutch.", "exports to the Netherlands"),
        ("He met the Finns.", "a delegation from Finland"),
        ("The UN agreed.", "The United Nations agreed"),
        ("The ECB acted.", "The European Central Bank acted"),
        ("The United Nations agreed.", "the UN agreed"),
        ("The U.S. left.", "The United States withdrew"),
        ("OCBC's tools are new.", "OCBC Bank has tools"),
        ("However, it rained.", "it rained"),
        ("Charging takes long.", "the battery"),
        ("In March, on a Monday.", ""),
        ("Die Mühle wurde von der Familie gebaut und ist alt.", "the mill"),
        ("李教授的团队测出了质量", "李明华教授团队"),
        ("他在银行工作", "他在公司工作"),
    ],
)
def test_what_is_known_under_another_form_is_not_new(text: str, known: str) -> None:
    assert new_names(text, [known]) == []


@pytest.mark.parametrize(
    ("text", "known", "names"),
    [
        ("It was built by Tomas Beer.", "Josiah Trewin put it up", ["Tomas", "Beer"]),
        ("Tomas Beer built it.", "Josiah Trewin put it up", ["Tomas", "Beer"]),
        ("Paracetamol should be avoided.", "Ibuprofen should be avoided", ["Paracetamol"]),
        ("The Austrian army left.", "Australia's army left", ["Austrian"]),
        ("DBS built it.", "a bank built it", ["DBS"]),
        ("The WHO agreed.", "The United Nations agreed", []),
        ("The WTO agreed.", "The United Nations agreed", ["WTO"]),
        ("发表在《科学》上", "发表在《自然》上", ["《科学》"]),
        ("该桥是黄河上的第一座大桥", "长江上的第一座大桥", ["黄河"]),
        ("星展银行开发了工具", "华侨银行开发了工具", ["展银行"]),
    ],
)
def test_what_nobody_named_is_new(text: str, known: str, names: list[str]) -> None:
    assert new_names(text, [known]) == names
