import pytest

from setup_local.build import makefile

TEXT = """\
VERSION=\t3.13
srcdir=\t\t.
prefix=\t\t/install
exec_prefix=\t${prefix}
LIBDIR=\t\t${exec_prefix}/lib
OBJS=\t\\
\t\tModules/a.o \\
\t\tModules/b.o
EMPTY=
MULTIARCH_CPPFLAGS = -DMULTIARCH=\\"x86_64-linux-gnu\\"
TWICE=one
TWICE=two
rule: $(OBJS)
\t$(CC) -o $@ NAME=value
"""


def test_reads_values_on_one_line() -> None:
    known = makefile.variables(TEXT)
    assert known["OBJS"] == "Modules/a.o Modules/b.o"
    assert known["EMPTY"] == ""
    assert known["MULTIARCH_CPPFLAGS"] == r"-DMULTIARCH=\"x86_64-linux-gnu\""


def test_the_last_assignment_counts_and_recipes_are_none() -> None:
    known = makefile.variables(TEXT)
    assert known["TWICE"] == "two"
    assert "NAME" not in known


def test_expands_both_kinds_of_reference_and_unknown_ones_to_nothing() -> None:
    known = makefile.variables(TEXT)
    assert makefile.expand("$(LIBDIR)/python$(VERSION)$(ABIFLAGS)", known) == "/install/lib/python3.13"
    assert makefile.words("OBJS", known) == ("Modules/a.o", "Modules/b.o")
    assert makefile.words("MISSING", known) == ()


def test_a_variable_that_refers_to_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match="refers to itself"):
        makefile.expand("$(A)", {"A": "$(B)", "B": "$(A)"})


def test_edit_changes_only_what_is_asked_for() -> None:
    edited = makefile.edit(TEXT, {"OBJS": "c.o", "EMPTY": ""}.get)
    assert "OBJS=\tc.o\nEMPTY=\n" in edited
    assert "Modules/a.o" not in edited
    assert makefile.edit(TEXT, lambda _name: None) == TEXT


def test_a_value_that_holds_unless_another_is_given_is_edited_and_stays_one() -> None:
    text = "PYTHON_FOR_REGEN?=python3.11\nVERSION=\t3.13\n"
    assert makefile.edit(text, {"PYTHON_FOR_REGEN": ""}.get) == "PYTHON_FOR_REGEN?=\nVERSION=\t3.13\n"
    assert makefile.edit(text, {"PYTHON_FOR_REGEN": "python3"}.get).startswith("PYTHON_FOR_REGEN?=\tpython3\n")
