"""The reference: every public name is in it, and every docstring says what a caller needs."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import langchain_aimlapi

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "langchain_aimlapi"
PAGES = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
DOCUMENTED = set(re.findall(r"^::: (\S+)$", PAGES, re.MULTILINE))


def public_modules():
    """The package, and the modules right in it that name what they export.

    What stands deeper is exported by the module above it.
    """
    for path in sorted([*PACKAGE.glob("*.py"), *PACKAGE.glob("*/__init__.py")]):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names = [part for part in parts if part != "__init__"]
        exports = any(
            isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__"
            for node in ast.parse(path.read_text("utf-8")).body
        )
        if exports and not any(name.startswith("_") for name in names):
            yield importlib.import_module(".".join(["langchain_aimlapi", *names]))


NAMES = sorted(
    {
        f"{module.__name__}.{name}"
        for module in public_modules()
        for name in module.__all__
        if module is langchain_aimlapi or name not in langchain_aimlapi.__all__
    }
)


def found(name):
    """The object behind a dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def is_hook(public, attribute):
    """Whether a method is one of LangChain's own, which LangChain documents and calls."""
    return any(
        attribute in vars(base) and not base.__module__.startswith("langchain_aimlapi")
        for base in public.__mro__
    )


def functions():
    """Every public function and method of ours, with its name."""
    for name in NAMES:
        public = found(name)
        if inspect.isfunction(public):
            yield name, public
        elif inspect.isclass(public):
            for attribute, member in inspect.getmembers(public, inspect.isroutine):
                function = getattr(member, "__func__", member)
                ours = str(getattr(function, "__module__", "")).startswith("langchain_aimlapi")
                if ours and not attribute.startswith("_") and not is_hook(public, attribute):
                    yield f"{name}.{attribute}", function


FUNCTIONS = dict(functions())


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_in_the_reference(name):
    """A name that can be imported has a line `::: name` in docs/reference, or its module has."""
    module = getattr(found(name), "__module__", "")
    whole = {name.rpartition(".")[0], module} - {"langchain_aimlapi"}

    assert name in DOCUMENTED or whole & DOCUMENTED


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_shown_as_code(name):
    """The site shows code under `Examples:`; under `Example:` it would be prose."""
    assert not re.search(r"^ *Example:$", found(name).__doc__ or "", re.MULTILINE)


def test_nothing_else_is_in_the_reference():
    """Names that are gone leave the pages."""
    modules = {module.__name__ for module in public_modules()}
    left = DOCUMENTED - {*NAMES} - modules

    assert sorted(name for name in left if not is_exported_by_its_file(name)) == []


def is_exported_by_its_file(name):
    """Whether a module that needs an extra, and so is not imported here, exports a name."""
    module, _, attribute = name.removeprefix("langchain_aimlapi.").rpartition(".")
    path = (PACKAGE / module.replace(".", "/")).with_suffix(".py")
    if not path.exists():
        return False
    assignments = [
        one for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.Assign)
    ]
    exports = [one for one in assignments if getattr(one.targets[0], "id", None) == "__all__"]
    return bool(exports) and attribute in ast.literal_eval(exports[0].value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_tell_arguments_and_results(name):
    """Each argument stands under `Args:`, and a result that is not None under `Returns:`.

    A first word "Return" or "Yield" tells the result as well, and the async form of a method may
    refer to the sync one.
    """
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    if f"see `{name.rpartition('.')[2].removeprefix('a')}`" in text:
        return
    signature = inspect.signature(function)
    arguments = [one for one in signature.parameters if one not in {"self", "cls"}]
    told = re.findall(r"^ +\**(\w+):", text.partition("Args:")[2], re.MULTILINE)
    result = str(signature.return_annotation)

    assert [one for one in arguments if one not in told] == []
    assert result == "None" or re.search(r"\A(Return|Yield)|^(Returns|Yields):", text, re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    [n for n in NAMES if inspect.isclass(found(n))],
)
def test_fields_have_docstrings(name):
    """Each public field of a public class has a docstring, below it or under `Attributes:`."""
    public = found(name)
    if not public.__module__.startswith("langchain_aimlapi"):
        pytest.fail(f"{name} is somebody else's")
    module = ast.parse(Path(inspect.getfile(public)).read_text("utf-8"))
    body = next(
        node.body
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and node.name == public.__name__
    )
    fields = [
        (node.target.id, below)
        for node, below in zip(body, [*body[1:], None], strict=True)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and not node.target.id.startswith("_")
        and "ClassVar" not in ast.unparse(node.annotation)  # a constant of the class
    ]
    listed = re.findall(r"^ +(\w+):", (public.__doc__ or ""), re.MULTILINE)
    bare = [
        field
        for field, below in fields
        if not (isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant))
        and field not in listed
        and field not in {"default_hint", "is_retryable"}
    ]

    assert bare == []
