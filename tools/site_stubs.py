"""What griffe, which reads the package for the reference, is told about its stubs."""

import ast

from griffe import Class, Extension, Inspector, Module, ObjectNode, Visitor

__all__ = ["Stubs"]


class Stubs(Extension):
    """Names that a module only passes on and its stub defines are the stub's."""

    def on_module_members(
        self, *, node: ast.AST | ObjectNode, mod: Module, agent: Visitor | Inspector, **_: object
    ) -> None:
        """Forget them, so that the stub's are taken."""
        del node, agent
        path = mod.filepath
        if isinstance(path, list) or path.suffix != ".py" or not path.with_suffix(".pyi").exists():
            return
        for name in [name for name, member in mod.members.items() if member.is_alias]:
            mod.del_member(name)

    def on_class_members(
        self, *, node: ast.AST | ObjectNode, cls: Class, agent: Visitor | Inspector, **_: object
    ) -> None:
        """Show how an object is made where its class has `__new__` for it, and its public bases."""
        del node, agent
        for at, base in enumerate(cls.bases):
            hidden = cls.module.members.get(str(base)) if str(base).startswith("_") else None
            if isinstance(hidden, Class):
                cls.bases[at : at + 1] = hidden.bases
        new = cls.members.get("__new__")
        if new is not None and "__init__" not in cls.members:
            new.name = "__init__"
            cls.set_member("__init__", new)
            cls.del_member("__new__")
