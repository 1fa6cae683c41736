"""Lets go of a tile after its last use, as Triton's compiler does: Python itself keeps it until its name is bound anew.

The kernel is rewritten with `name = None` after the last use of each name. A name is live where some way on from there
reads it before it is bound again; that is found from the end of the kernel to its beginning, and for a loop twice,
since its end leads to its head."""

import ast
import copy
import inspect
import textwrap
import types

# What these hold is left as it is: names inside may be read at another time.
LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Kernels with these are left as they are.
FOREIGN = (ast.Try, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Await, ast.ClassDef, ast.Delete,
           getattr(ast, "Match", ast.Try))  # from Python 3.10 on


def with_last_uses(fn):
    """The function rewritten; itself where there is no source, or more in it than assignments, loops and branches."""
    try:
        lines, first = inspect.getsourcelines(fn)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return fn
    kernel = tree.body[0]
    if not isinstance(kernel, ast.FunctionDef) or any(isinstance(node, FOREIGN) for node in ast.walk(kernel)):
        return fn
    inner = [node for statement in kernel.body for node in ast.walk(statement) if isinstance(node, LATER)]
    kept = {name.id for node in inner for name in ast.walk(node) if isinstance(name, ast.Name)}
    arguments = {argument.arg for argument in ast.walk(kernel.args) if isinstance(argument, ast.arg)}
    locals_ = bound(kernel.body) - kept - arguments
    kernel.body, _ = block(kernel.body, set(), None, locals_)
    kernel.decorator_list = []
    ast.fix_missing_locations(ast.increment_lineno(tree, first - 1))
    return compiled(fn, tree)


def compiled(fn, tree):
    """The rewritten function with the globals and the closure of the first."""
    kernel = tree.body[0]
    free = fn.__code__.co_freevars
    if free:
        # Names of the closure are those of a function around it.
        outer = ast.parse(f"def outer({', '.join(free)}):\n    return None").body[0]
        outer.body.insert(0, kernel)
        tree.body[0] = ast.fix_missing_locations(outer)
    code = compile(tree, fn.__code__.co_filename, "exec")
    while code.co_name != fn.__name__:
        code = next(const for const in code.co_consts if isinstance(const, types.CodeType))
    cells = dict(zip(free, fn.__closure__ or ()))
    closure = tuple(cells[name] for name in code.co_freevars)
    made = types.FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, closure)
    made.__kwdefaults__ = fn.__kwdefaults__
    return made


def names(nodes, context):
    nodes = nodes if isinstance(nodes, list) else [nodes]
    each = (name for node in nodes if node is not None for name in ast.walk(node))
    return {name.id for name in each if isinstance(name, ast.Name) and isinstance(name.ctx, context)}


def reads(nodes):
    return names(nodes, ast.Load)


def bound(nodes):
    return names(nodes, ast.Store)


def block(statements, out, loop, locals_):
    """The statements with what ends after each, and what is live before them. `out` is live after them; `loop` is live
    where `break` and `continue` lead."""
    done = []
    for statement in reversed(statements):
        after = out
        if isinstance(statement, ast.If):
            statement.body, yes = block(statement.body, out, loop, locals_)
            statement.orelse, no = block(statement.orelse, out, loop, locals_)
            out = reads(statement.test) | yes | no
        elif isinstance(statement, (ast.For, ast.While)):
            out = around(statement, out, locals_)
        elif isinstance(statement, ast.With):
            statement.body, inside = block(statement.body, out, loop, locals_)
            out = inside | reads([item.context_expr for item in statement.items])
        elif isinstance(statement, (ast.Break, ast.Continue)):
            out = set(loop or ())
        elif isinstance(statement, ast.Return):
            out = reads(statement)
        else:
            changed = bound(statement.target) if isinstance(statement, ast.AugAssign) else set()
            out = (out - bound(statement)) | reads(statement) | changed
        if not isinstance(statement, (ast.Break, ast.Continue, ast.Return)):
            ended = (reads(statement) | bound(statement)) & locals_ - after
            done.extend(let_go(name, statement) for name in sorted(ended))
        done.append(statement)
    return done[::-1], out


def around(statement, after, locals_):
    """A loop: what is live at its head is live at its end too."""
    test = reads(statement.iter if isinstance(statement, ast.For) else statement.test)
    plain, otherwise = list(statement.body), list(statement.orelse)
    head = after | test | reads(plain + otherwise)
    _, inside = block(copy.deepcopy(plain), head, head, locals_)
    # A name that the body binds before it reads it does not live from one turn to the next.
    turns = bound(statement.target) if isinstance(statement, ast.For) else set()
    head = after | test | (inside - turns) | reads(otherwise)
    statement.body, _ = block(plain, head, head, locals_)
    return head


def let_go(name, after):
    line = {"lineno": after.end_lineno or after.lineno, "col_offset": after.col_offset}
    return ast.Assign([ast.Name(name, ast.Store(), **line)], ast.Constant(None, **line), **line)


__all__ = ["with_last_uses"]
