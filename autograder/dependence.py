"""Which of a notebook's cells decide an exercise: read from their syntax, so that a resubmission costs what changed.

A name that a suite asks for is decided by the cells that bind it, by what their code uses, and by every cell whose
executed code may change one of these values: any that mentions it, or calls a function that does, since an object may
be changed through each of its names. Functions, classes and constants that nothing can change are decided by their
own text and by what it uses; imported libraries by their versions, which others watch.

Two cells that each bind a name anew before they use it share nothing by it: each such value is a *version* of the
name, unless code that may run later, in a function say, uses that name.

Sound before clever. Executed code is understood only while it calls what is known to change no library: anything else
(``setattr``, ``exec``, attributes of modules, frames, unknown imports, magics) makes the whole notebook unclear, and a
suite that reaches such code its exercise. Known settings of a library belong to every exercise. A value that may come
from a random stream is unclear, since the cells before it move the stream. Unclear means: grade again.

This reads hostile text. It is bounded, and what is nested too deeply is unclear.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from keyword import kwlist, softkwlist
from typing import TypeGuard

from autograder.flow import Flow
from autograder.scopes import Scopes

__all__ = ["Notebook"]

MOST = 200_000  # characters of all cells together
UNITS = 500
ROUNDS = 30  # of following what cells hand on to one another
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
INLINE = re.compile(r"^%matplotlib (inline|notebook|widget)[ \t]*$", re.MULTILINE)


class Sign(Flag):
    """What a piece of code may do."""

    NONE = 0
    WILD = auto()  # reach anything by means that the syntax does not show
    UNKNOWN = auto()  # call a library's function that is not known to be harmless
    SETTING = auto()  # change a known setting of a library
    DRAWS = auto()  # give another value when it runs again
    LIBRARY_CLASS = auto()  # hand on a class of a library
    FOREIGN = auto()  # set an attribute of an object that is not `self`
    GRADIENT = auto()  # set `data`, `grad` or `requires_grad` of one
    LASTING = auto()  # change or read of matplotlib what outlives the figures of a cell


class Kind(Enum):
    """What a name is bound to."""

    MODULE = "module"
    FUNCTION = "function"
    CLASS = "class"
    CONSTANT = "constant"
    VARIABLE = "variable"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- What is known of libraries -------------------------------------------------------------------------------

PURE = _words(
    "torch torchvision torchaudio numpy scipy sklearn pandas matplotlib seaborn tqdm PIL IPython autograder math cmath "
    "random time datetime collections itertools functools operator typing typing_extensions dataclasses copy enum abc "
    "numbers statistics string re json textwrap fractions decimal bisect heapq pprint __future__"
)
IMPORTED = _words("os sys pathlib warnings gc contextlib logging types inspect platform glob shutil")
EXACT = _words(  # of these every public function gives the same for the same arguments
    "math cmath collections itertools functools operator typing typing_extensions dataclasses copy enum abc numbers "
    "statistics re json textwrap fractions decimal bisect heapq"
)
STANDARD = EXACT | _words("random time datetime string")
HIDDEN = _words(  # modules that those of the standard library hold by these names
    "bltns builtins codecs contextlib copyreg decoder encoder enum functools inspect io itertools keyword math numbers "
    "operator re scanner stdlib_re sys types typing warnings"
)
STATEFUL = _words("matplotlib seaborn tqdm IPython")  # what one cell does another may see
SETTINGS = _words(
    "torch.set_default_dtype torch.set_default_device torch.set_default_tensor_type torch.set_printoptions "
    "torch.set_grad_enabled torch.set_num_threads torch.set_float32_matmul_precision torch.set_flush_denormal "
    "torch.use_deterministic_algorithms torch.autograd.set_detect_anomaly torch.autograd.set_grad_enabled "
    "numpy.set_printoptions numpy.seterr warnings.filterwarnings warnings.simplefilter matplotlib.use "
    "matplotlib.style.use matplotlib.pyplot.style.use matplotlib.rc matplotlib.pyplot.rc matplotlib.pyplot.ion "
    "matplotlib.pyplot.ioff seaborn.set seaborn.set_theme seaborn.set_style pandas.set_option"
)
SETTING_STORES = re.compile(r"(matplotlib|matplotlib\.pyplot)\.rcParams|torch\.backends\.\w+(\.\w+)?")
DRAWING = _words(  # of pyplot: about figures of the cell alone, since the kernel's backend closes them when it ends
    "annotate arrow axes axhline axhspan axis axline axvline axvspan bar bar_label barh boxplot cla clf close colorbar "
    "contour contourf draw errorbar eventplot figlegend figtext figure fill fill_between fill_betweenx gca gcf grid "
    "hexbin hist hist2d hlines imshow legend locator_params loglog margins matshow minorticks_off minorticks_on pcolor "
    "pcolormesh pie plot quiver sca scatter semilogx semilogy show specgram spy stackplot stairs stem step streamplot "
    "subplot subplot2grid subplot_mosaic subplots subplots_adjust suptitle table text tick_params ticklabel_format "
    "tight_layout title tricontour tricontourf tripcolor triplot twinx twiny violinplot vlines xlabel xlim xscale "
    "xticks ylabel ylim yscale yticks"
)
PLOTTING = re.compile(
    r"matplotlib(\.(pyplot|cm|colors|patches|lines|ticker|gridspec))?|matplotlib\.style(\.use)?"
    r"|matplotlib\.pyplot\.(style(\.use)?|cm|cm\.\w+|get_cmap|[A-Z]\w+)"
    r"|matplotlib\.cm\.\w+|matplotlib\.\w+\.[A-Z]\w+"
)
SCOPED = _words(  # as the item of a `with` they end with it
    "torch.no_grad torch.enable_grad torch.inference_mode torch.set_grad_enabled torch.autograd.set_grad_enabled "
    "torch.autograd.no_grad torch.autograd.set_detect_anomaly torch.autograd.detect_anomaly torch.random.fork_rng "
    "numpy.errstate numpy.printoptions matplotlib.pyplot.style.context"
)
PASSING = SCOPED | {"torch.device"}
MODULES = _words(  # last parts of paths that are modules, not values
    "accelerator amp ao autograd backends builtins classes compiler cpp cpu ctypes cuda cudnn data distributed "
    "distributions export fft func functional functools futures fx glob hub importlib inspect init jit library linalg "
    "lr_scheduler masked math modules monitor mps mtia multiprocessing nested nn ops optim optimizer os overrides "
    "package parallel parameter platform profiler quantization quasirandom random return_types serialization signal "
    "sparse special storage sys testing textwrap threading torch torch_version types typing typing_extensions utils "
    "version warnings windows xpu char core ctypeslib dtypes emath exceptions f2py lib ma polynomial rec strings "
    "pyplot style"
)
SPACES = re.compile(  # where a public name is a function, a class or a value
    r"torch|torch\.(nn|optim|linalg|fft|special|distributions|autograd|testing)|torch\.nn\.(functional|init|utils)"
    r"|torch\.optim\.lr_scheduler|torch\.utils\.data|torch\.autograd\.functional|numpy|numpy\.(linalg|fft|random|ma)"
    r"|math|cmath|random|time|datetime|collections|itertools|functools|operator|typing|dataclasses|copy|string|re|enum"
)
CALLED = re.compile(  # where a public function changes no library, though it may give another value each time
    r"torch\.cuda|torchvision(\.\w+)*|scipy(\.\w+)*|sklearn(\.\w+)*|pandas|matplotlib(\.\w+)*|seaborn|PIL(\.\w+)*"
    r"|IPython\.display|tqdm(\.\w+)*|autograder(\.(vowels|signatures))?|json|textwrap|heapq|bisect|fractions|decimal"
    r"|statistics|pprint|numbers|abc|(collections|itertools|datetime)\.\w+|torch\.(Tensor|Generator|Size|device)"
    r"|numpy\.(ndarray|random\.\w+)"
)
LEAF = re.compile(  # functions that set something, write something, or are no functions of their arguments
    r"^(set_|reset_|setcontext|getcontext|localcontext|option_context|update_wrapper|final$|singledispatch|use_|save|"
    r"dump|write|load$|compile|import_|init_num|autocast|clear_|fork|wait|export|get_file|prepare_|"
    r"profiler|register|patch|to_csv|to_pickle|memmap|tofile|fromfile|switch_backend|install|attrgetter|methodcaller|"
    r"get_type_hints|make_dataclass|_)|seterr|setbufsize|_hook"
)
RANDOM = re.compile(
    r"rand|normal|bernoulli|multinomial|poisson|binomial|dropout|rrelu|empty|seed$|lowrank|lobpcg|gumbel|rng|"
    r"exponential|cauchy|geometric|uniform|shuffle|permut|choice|integers|sample|rvs|fractional|attention|kaiming|"
    r"xavier|orthogonal|trunc|resize|now$|today$|time|^Tensor$"
)
SEEDED = frozenset({"torch.manual_seed", "numpy.random.seed", "random.seed", "torch.cuda.manual_seed_all"})
VALUES = re.compile(  # what gives the same for the same arguments, unless its name is one of RANDOM
    r"torch\.(cuda\.is_available|cuda\.device_count|nn\.Parameter|((nn\.functional|linalg|fft|special)\.)?\w+)"
    r"|numpy\.((linalg|fft)\.)?\w+|autograder\.check"
)

# --- What is known of Python ----------------------------------------------------------------------------------

HARMFUL = _words(
    "exec eval compile globals locals vars dir setattr delattr __import__ open input breakpoint memoryview help "
    "get_ipython __builtins__ __loader__ __spec__ exit quit In Out type getattr"
)
PYTHON = frozenset([*dir(builtins), *kwlist, *softkwlist])
CHANGING = frozenset({"id", "hash", "object"})
MEMBERS = _words(
    "__init__ __call__ __len__ __getitem__ __setitem__ __iter__ __next__ __repr__ __str__ __contains__ __eq__ __ne__ "
    "__lt__ __le__ __gt__ __ge__ __hash__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __neg__ "
    "__pow__ __matmul__ __bool__ __int__ __float__ __name__ __version__ __doc__ __post_init__ __getitems__"
)
FRAMES = re.compile(
    r"^(gi|cr|ag|tb)_(frame|code|next)$|^f_(globals|locals|builtins|back|code|trace)$|^func_globals$|"
    r"^(ctypes|mro|with_traceback|register_function|register_datapipe\w*)$"
)
CELLS = re.compile(r"_+|_i+|_i?\d+|_[io]h|_dh")
GRADIENTS = frozenset({"data", "grad", "requires_grad"})
METHODS = frozenset({"property", "staticmethod"})
AT = _words("torch builtins itertools unittest numpy math sys autograder collections functools operator copy")
AT_NOT = _words("globals locals vars eval exec __import__ open modules _getframe")


# --- Reading one piece of code --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What the whole notebook says of its names: paths that imports give them, which are classes of its own, and
    which are bound by a statement that is no import."""

    paths: Mapping[str, frozenset[str]]
    classes: frozenset[str]
    stored: frozenset[str]

    def of(self, node: ast.expr) -> frozenset[str]:
        """Full dotted names of an attribute of what was imported."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        roots = self.paths.get(node.id, frozenset()) if isinstance(node, ast.Name) else frozenset()
        return frozenset(".".join([root, *reversed(parts)]) for root in roots)

    def passes(self, context: ast.expr) -> bool:
        """Whether it is a context of a library that ends no exception."""
        if not isinstance(context, ast.Call):
            return False
        paths = self.of(context.func)
        names = {node.id for node in ast.walk(context.func) if isinstance(node, ast.Name)}
        return bool(paths) and paths <= PASSING and not names & self.stored


@dataclass
class Piece:
    """Code that runs together: the notebook's names in it, those that it hands on, and what it may do."""

    names: set[str] = field(default_factory=set)
    valued: set[str] = field(default_factory=set)
    sign: Sign = Sign.NONE

    def add(self, other: Piece) -> None:
        self.names |= other.names
        self.valued |= other.valued
        self.sign |= other.sign


class _Reader:
    """Finds what code may do. ``role`` says how a value is used: called, as a type, before a dot, or handed on."""

    def __init__(self, known: Names, piece: Piece) -> None:
        self.known, self.piece = known, piece
        self.selves: frozenset[str] = frozenset()  # names of the object itself, in a method

    def read(self, node: ast.AST | None, role: str = "value") -> None:
        if node is None:
            return
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is not None:
            method(node, role)
        else:
            self._children(node)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.read(child)

    def _sign(self, sign: Sign) -> None:
        self.piece.sign |= sign

    # Names and attributes

    def _Name(self, node: ast.Name, role: str) -> None:
        if node.id in self.known.paths and isinstance(node.ctx, ast.Load):
            self._library(self.known.paths[node.id], role)
        if node.id in self.piece.names and role != "type":  # not a local variable of that name
            if node.id in HARMFUL or (node.id.startswith("__") and node.id != "__name__"):
                self._sign(Sign.WILD)
            if node.id in CHANGING:
                self._sign(Sign.DRAWS)
        if role in ("value", "base") and isinstance(node.ctx, ast.Load):
            self.piece.valued.add(node.id)

    def _Attribute(self, node: ast.Attribute, role: str) -> None:
        paths = self.known.of(node)
        if not isinstance(node.ctx, ast.Load):
            self._store(node)
        elif paths:
            self._library(paths, role)
        self._member(node.attr, role)
        inside = node.value
        if isinstance(inside, ast.Name) and inside.id in self.known.classes:
            self._sign(Sign.FOREIGN)  # of a method called in this way `self` may be anything
            self.read(inside, "value" if role == "value" else "class")
        elif node.attr == "__name__" and _is_type_call(inside):
            self._arguments(inside)
        elif not paths:
            self.read(inside, "base")

    def _member(self, name: str, role: str) -> None:
        if FRAMES.match(name) or (_is_special(name) and name not in MEMBERS):
            self._sign(Sign.WILD)
        elif role == "call" and RANDOM.search(name):
            self._sign(Sign.DRAWS)

    def _library(self, paths: Iterable[str], role: str) -> None:
        for path in paths:
            self._sign(_of_library(path, role))
            if path.partition(".")[0] == "matplotlib" and not _is_drawing(path):
                self._sign(Sign.LASTING)

    # Stores

    def _store(self, node: ast.Attribute) -> None:
        root: ast.expr = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.known.paths:
            self._store_in_library(node)
        elif not (isinstance(root, ast.Name) and root.id in self.selves):
            self._sign(Sign.GRADIENT if node.attr in GRADIENTS else Sign.FOREIGN)
            if isinstance(root, ast.Name):
                self.piece.valued.add(root.id)

    def _store_in_library(self, node: ast.expr) -> None:
        paths = self.known.of(node)
        known = paths and all(SETTING_STORES.fullmatch(path) for path in paths)
        self._sign(Sign.SETTING | Sign.LASTING if known else Sign.WILD)

    def _Subscript(self, node: ast.Subscript, role: str) -> None:
        self.read(node.slice, "type" if role == "type" else "value")
        if not isinstance(node.ctx, ast.Load) and self.known.of(node.value):
            self._store_in_library(node.value)
            return
        self.read(node.value, "type" if role == "type" else "base")

    # Calls

    def _Call(self, node: ast.Call, role: str) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            text = node.func.value
            if not isinstance(text, ast.Constant) or "__" in str(text.value):
                self._sign(Sign.WILD)  # a format reads attributes
        if name == "getattr" and (member := _plain_member(node)):  # `getattr(x, "name")` is `x.name`
            self._member(member, role)
        else:
            self.read(node.func, "call")
        if name in ("isinstance", "issubclass", "super"):
            for number, argument in enumerate(node.args):
                self.read(argument, "type" if number or name != "isinstance" else "value")
        else:
            self._arguments(node)

    def _arguments(self, node: ast.Call) -> None:
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.read(argument)

    def _Tuple(self, node: ast.Tuple, role: str) -> None:
        for item in node.elts:
            self.read(item, "type" if role == "type" else "value")

    def _List(self, node: ast.List, role: str) -> None:
        for item in node.elts:
            self.read(item, "type" if role == "type" else "value")

    def _BinOp(self, node: ast.BinOp, role: str) -> None:
        for item in (node.left, node.right):
            self.read(item, "type" if role == "type" else "value")

    def _Compare(self, node: ast.Compare, role: str) -> None:
        sides = [node.left, *node.comparators]
        types = any(_is_type_call(side) for side in sides)
        for side in sides:
            if _is_type_call(side):
                self._arguments(side)
            else:
                self.read(side, "type" if types else "value")

    # Statements

    def _With(self, node: ast.With, role: str) -> None:
        if any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(node)):
            self._sign(Sign.WILD)  # what the `with` set may last while others run
        for item in node.items:
            call = item.context_expr
            paths = (
                self.known.of(call.func)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                else None
            )
            if isinstance(call, ast.Call) and paths and paths <= SCOPED:
                self._arguments(call)
            else:
                self.read(call)
            self.read(item.optional_vars)
        for statement in node.body:
            self.read(statement)

    def _ExceptHandler(self, node: ast.ExceptHandler, role: str) -> None:
        self.read(node.type, "type")
        for statement in node.body:
            self.read(statement)

    def _FunctionDef(self, node: ast.FunctionDef, role: str) -> None:
        self.head(node)
        for statement in node.body:
            self.read(statement)

    def head(self, node: ast.FunctionDef) -> None:
        """What a ``def`` executes."""
        if _is_special(node.name) and node.name not in MEMBERS:
            self._sign(Sign.WILD)
        for decorator in node.decorator_list:
            self.read(decorator, "call" if isinstance(decorator, (ast.Name, ast.Attribute)) else "value")
        self._arguments_of(node.args)
        self.read(node.returns, "type")

    def _arguments_of(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self.read(default)
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        for argument in every:
            if argument is not None:
                self.read(argument.annotation, "type")

    def _Lambda(self, node: ast.Lambda, role: str) -> None:
        self._arguments_of(node.args)
        self.read(node.body)

    def _ClassDef(self, node: ast.ClassDef, role: str) -> None:
        self.class_head(node)
        outer = self.selves
        for statement in node.body:
            self.selves = _selves(statement) if isinstance(statement, ast.FunctionDef) else frozenset()
            self.read(statement)
        self.selves = outer

    def class_head(self, node: ast.ClassDef) -> None:
        """What a ``class`` statement executes beside its body."""
        for decorator in node.decorator_list:
            self.read(decorator, "call" if isinstance(decorator, (ast.Name, ast.Attribute)) else "value")
        for base in node.bases:
            self.read(base, "type")
        for keyword in node.keywords:
            self._sign(Sign.WILD)
            self.read(keyword.value)

    def _AnnAssign(self, node: ast.AnnAssign, role: str) -> None:
        self.read(node.annotation, "type")
        self.read(node.target)
        self.read(node.value)

    def _Import(self, node: ast.Import, role: str) -> None:
        for alias in node.names:
            self._imported(alias.name)

    def _ImportFrom(self, node: ast.ImportFrom, role: str) -> None:
        if node.level or any(alias.name == "*" for alias in node.names):
            self._sign(Sign.WILD)
        self._imported(node.module or "")

    def _imported(self, name: str) -> None:
        top, *inner = name.split(".")
        if top == "__future__":
            self._sign(Sign.SETTING)
        elif top not in PURE | IMPORTED or any(part.startswith("_") for part in inner):
            self._sign(Sign.WILD)

    def _wild(self, node: ast.AST, role: str) -> None:
        self._sign(Sign.WILD)

    _Await = _AsyncFor = _AsyncWith = _AsyncFunctionDef = _TypeAlias = _TryStar = _wild


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_type_call(node: ast.AST) -> TypeGuard[ast.Call]:
    """``type(x)``, whose name is read or which is compared: else it gives a way to change a class."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id == "type" and len(node.args) == 1


def _plain_member(node: ast.Call) -> str:
    constant = node.args[1] if len(node.args) > 1 else None
    text = constant.value if isinstance(constant, ast.Constant) else ""
    return text if isinstance(text, str) and text.isidentifier() else ""


def _of_library(path: str, role: str) -> Sign:
    """What using an imported module, or something of it, may do."""
    space, _, leaf = path.rpartition(".")
    top = path.partition(".")[0]
    if path in SETTINGS:
        return Sign.SETTING
    if space in STANDARD and leaf in HIDDEN:
        return Sign.WILD
    if role == "type":
        return Sign.NONE if top in PURE else Sign.WILD
    if top not in PURE or any(part.startswith("_") for part in path.split(".")):
        return Sign.WILD
    if not space or (leaf in MODULES and path not in ("random.random", "numpy.random.random")):
        return Sign.NONE if role == "base" else Sign.WILD
    if SETTING_STORES.fullmatch(space):
        return Sign.SETTING
    if role in ("value", "base"):
        if leaf[0].isupper():
            return Sign.LIBRARY_CLASS if role == "value" else Sign.NONE
        return Sign.NONE if SPACES.fullmatch(space) else Sign.WILD
    sign = Sign.NONE if path in SEEDED or _is_exact(path, top, leaf) else Sign.DRAWS
    known = SPACES.fullmatch(space) or CALLED.fullmatch(space)
    return sign if known and not LEAF.search(leaf) else sign | Sign.UNKNOWN


def _is_drawing(path: str) -> bool:
    """Whether something of matplotlib is about the figures of one cell, or about none."""
    space, _, leaf = path.rpartition(".")
    return (space == "matplotlib.pyplot" and leaf in DRAWING) or PLOTTING.fullmatch(path) is not None


def _is_exact(path: str, top: str, leaf: str) -> bool:
    return top in EXACT or (VALUES.fullmatch(path) is not None and not RANDOM.search(leaf))


# --- Units: what runs or is bound together --------------------------------------------------------------------


@dataclass
class Unit:
    """The head of a cell, which only binds (imports, definitions, constants), or the rest of it.

    Attributes:
        cell: place of the cell.
        binds: names with what they are bound to.
        now: code that is executed when the cell runs.
        later: code of the functions and classes that it defines, by name.
        rest: it is not a head.
        rebinds: names that functions in it bind by ``global``.
        lazy: names that code in it uses which may run at any later time.
        flow: which names it binds before it uses them.
    """

    cell: int
    rest: bool
    binds: dict[str, set[Kind]] = field(default_factory=lambda: defaultdict(set))
    now: Piece = field(default_factory=Piece)
    later: dict[str, Piece] = field(default_factory=dict)
    rebinds: set[str] = field(default_factory=set)
    lazy: set[str] = field(default_factory=set)
    flow: Flow = field(default_factory=Flow)

    @property
    def variables(self) -> set[str]:
        return {name for name, kinds in self.binds.items() if Kind.VARIABLE in kinds}


def _read(sources: Sequence[str]) -> tuple[list[Unit], Names]:
    """Raises SyntaxError, ValueError, RecursionError or MemoryError for what cannot be read."""
    if sum(map(len, sources)) > MOST:
        raise ValueError("too much text")
    texts = [INLINE.sub("pass", source) for source in sources]
    trees = [ast.parse(text) for text in texts]
    known = _known_names(trees)
    units: list[Unit] = []
    for cell, (source, text, tree) in enumerate(zip(sources, texts, trees, strict=True)):
        unit = Unit(cell, rest=False, flow=Flow(known.passes))
        if text != source:
            unit.now.sign |= Sign.SETTING
            if set(INLINE.findall(source)) - {"inline"}:  # these close no figure
                unit.now.sign |= Sign.LASTING
        if _may_be_magic(text, known):
            unit.now.sign |= Sign.WILD
        units.append(unit)
        for statement in tree.body:
            if not (unit.rest or _only_binds(statement)):
                units.append(unit := Unit(cell, rest=True, flow=Flow(known.passes)))
            _add(unit, statement, known)
    if len(units) > UNITS:
        raise ValueError("too many cells")
    return units, known


def _may_be_magic(text: str, known: Names) -> bool:
    """Whether IPython may take a cell of one line for a command of its own, such as ``rerun``."""
    first = re.match(r"[A-Za-z_]\w*", text.strip())
    if first is None or "\n" in text.strip():
        return False
    return first[0] not in PYTHON | known.stored | known.paths.keys()


def _known_names(trees: Sequence[ast.Module]) -> Names:
    paths: dict[str, set[str]] = defaultdict(set)
    classes, stored = set(), set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                paths[alias.asname or alias.name.split(".")[0]].add(
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                paths[alias.asname or alias.name].add(f"{node.module or '.'}.{alias.name}")
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored.add(node.id)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.ExceptHandler)):
            stored.add(node.name or "")
        elif isinstance(node, ast.MatchMapping):
            stored.add(node.rest or "")
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            stored.add(node.name)
            if isinstance(node, ast.ClassDef):
                classes.add(node.name)
    named = {name: frozenset(found) for name, found in paths.items()}
    return Names(named, frozenset(classes), frozenset(stored))


def _only_binds(node: ast.stmt) -> bool:
    """Whether a statement does nothing but bind names to what cannot be changed."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef):
        return _is_plain_function(node, frozenset())
    if isinstance(node, ast.ClassDef):
        return _is_plain_class(node)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) for target in node.targets) and _is_constant(node.value)
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_constant(node.value)


def _is_constant(node: ast.AST | None) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant) and not isinstance(node.op, ast.Not)
    if isinstance(node, ast.Tuple):
        return all(_is_constant(item) for item in node.elts)
    return node is None or isinstance(node, ast.Constant)


def _is_plain_function(node: ast.FunctionDef, decorators: frozenset[str]) -> bool:
    defaults = [*node.args.defaults, *node.args.kw_defaults]
    return all(isinstance(d, ast.Name) and d.id in decorators for d in node.decorator_list) and all(
        _is_constant(default) or _is_dotted(default) for default in defaults
    )


def _is_dotted(node: ast.AST | None) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _selves(method: ast.FunctionDef) -> frozenset[str]:
    """``self``, where it can only be the object whose method this is."""
    arguments = [*method.args.posonlyargs, *method.args.args]
    stored = any(
        isinstance(n, ast.Name) and n.id == "self" and not isinstance(n.ctx, ast.Load)
        for n in ast.walk(method)
    )
    return frozenset({"self"} if arguments and arguments[0].arg == "self" and not stored else ())


def _is_plain_class(node: ast.ClassDef) -> bool:
    body = all(
        _is_plain_function(item, METHODS) if isinstance(item, ast.FunctionDef) else _only_binds(item)
        for item in node.body
    )
    bases = all(isinstance(base, (ast.Name, ast.Attribute)) for base in node.bases)
    return body and bases and not node.keywords and not node.decorator_list


def _add(unit: Unit, node: ast.stmt, known: Names) -> None:
    scopes = Scopes.of(node, known.stored | known.paths.keys())
    piece = Piece(set(scopes.now))
    reader = _Reader(known, piece)
    plain = _only_binds(node)
    kind = Kind.VARIABLE
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and plain:
        kind = Kind.FUNCTION if isinstance(node, ast.FunctionDef) else Kind.CLASS
        body = _body(node, scopes.later, known, reader)
        # Bases, defaults, what a class uses at once: whoever has it can reach them, at any time.
        body.names |= scopes.now
        unit.lazy |= scopes.now
        unit.later.setdefault(node.name, Piece()).add(body)
    else:
        piece.names |= scopes.later
        reader.read(node)
        if plain:
            kind = Kind.MODULE if isinstance(node, (ast.Import, ast.ImportFrom)) else Kind.CONSTANT
    kept = {name for name in piece.names if CELLS.fullmatch(name)}
    if kept and kept - (scopes.bound - _exposed(node, known)):
        piece.sign |= Sign.WILD  # IPython's own names: what an earlier cell gave
    for name in scopes.bound:
        unit.binds[name].add(kind)
    unit.now.add(piece)
    unit.rebinds |= scopes.rebinds
    unit.lazy |= scopes.lazy
    unit.flow.follow(node)


def _exposed(node: ast.stmt, known: Names) -> set[str]:
    """Names that a statement may use before it binds them."""
    flow = Flow(known.passes)
    flow.follow(node)
    return flow.exposed


def _body(node: ast.FunctionDef | ast.ClassDef, names: set[str], known: Names, head: _Reader) -> Piece:
    """The code of a definition that runs when it is used; what runs at once is given to ``head``."""
    piece = Piece(set(names))
    reader = _Reader(known, piece)
    functions = [node]
    if isinstance(node, ast.ClassDef):
        head.class_head(node)
        functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
        for item in node.body:
            if not isinstance(item, ast.FunctionDef):
                head.read(item)
    for function in functions:
        assert isinstance(function, ast.FunctionDef)
        head.head(function)
        reader.selves = _selves(function) if isinstance(node, ast.ClassDef) else frozenset()
        for statement in function.body:
            reader.read(statement)
    piece.sign |= head.piece.sign & Sign.LIBRARY_CLASS  # a default value is handed on when the function runs
    if any(CELLS.fullmatch(name) for name in names):
        piece.sign |= Sign.WILD
    return piece


# --- Versions: what a name stands for at a place ---------------------------------------------------------------


class _Versions:
    """Gives each value that units bind to a name, without having used the name before, a name of its own.

    Not for names of libraries, functions and classes, nor for those that code uses which may run later. A unit may
    find several versions of a name at its beginning, if one of those before it does not bind it for certain.
    """

    def __init__(self, units: Sequence[Unit], known: Names) -> None:
        plain = {Kind.VARIABLE, Kind.CONSTANT}
        self.single = {*known.paths, *known.classes}
        for unit in units:
            self.single |= unit.lazy | unit.rebinds | unit.later.keys()
            self.single |= {name for name, kinds in unit.binds.items() if not kinds <= plain}
        self.history: dict[str, list[tuple[int, frozenset[str]]]] = {}
        for number, unit in enumerate(units):
            self._rename(number, unit)

    def before(self, place: int, name: str) -> frozenset[str]:
        """What ``name`` may stand for before cell ``place``."""
        found = [versions for cell, versions in self.history.get(name, ()) if cell < place]
        return found[-1] if found else frozenset({name})

    def _rename(self, number: int, unit: Unit) -> None:
        names = {name: self._inside(number, unit, name) for name in unit.now.names | unit.binds.keys()}
        unit.now.names = {version for name in unit.now.names for version in names[name]}
        binds = unit.binds
        unit.binds = defaultdict(set)
        for name, kinds in binds.items():
            for version in names[name]:
                unit.binds[version] |= kinds

    def _inside(self, number: int, unit: Unit, name: str) -> frozenset[str]:
        """What ``name`` stands for in a unit."""
        before = self.before(unit.cell + 1, name)
        if name in self.single or name not in unit.binds or name in unit.flow.exposed:
            return before
        own = frozenset({f"{name}#{number}"})
        after = own if name in unit.flow.bound else own | before
        self.history.setdefault(name, []).append((unit.cell, after))
        return own


# --- The notebook ---------------------------------------------------------------------------------------------


class Notebook:
    """What the cells of one notebook depend on.

    Args:
        sources: texts of the code cells, in the order in which they run.
        beside: a digest of all else that its code may read.

    Attributes:
        unclear: nothing can be told of this notebook.
    """

    def __init__(self, sources: Sequence[str], beside: str = "") -> None:
        self.sources, self.beside = tuple(sources), beside
        self.units: list[Unit] = []
        self.unclear = False
        try:
            self.units, self.known = _read(self.sources)
            self.versions = _Versions(self.units, self.known)
            self._bind()
            self._link()
            self._execute()
        except UNREADABLE:
            self.unclear = True

    def _bind(self) -> None:
        """Which names may stand for something that a cell can change."""
        kinds: dict[str, set[Kind]] = defaultdict(set)
        self.code: dict[str, Piece] = defaultdict(Piece)
        for unit in self.units:
            for name, found in unit.binds.items():
                kinds[name] |= found
            for name in unit.rebinds:
                kinds[name].add(Kind.VARIABLE)
            for name, piece in unit.later.items():
                self.code[name].add(piece)
        pieces = [*(unit.now for unit in self.units), *self.code.values()]
        valued = {name for piece in pieces for name in piece.valued}
        stores = any(piece.sign & (Sign.FOREIGN | Sign.GRADIENT) for piece in pieces)
        lasting = any(piece.sign & Sign.LASTING for piece in pieces)
        stateful = STATEFUL if lasting else STATEFUL - {"matplotlib"}
        self.mutable = {
            name
            for name, found in kinds.items()
            if Kind.VARIABLE in found
            or any(path.partition(".")[0] in stateful for path in self.known.paths.get(name, ()))
            or (Kind.CLASS in found and name in valued)
            or (Kind.FUNCTION in found and name in valued and stores)
        }

    def _link(self) -> None:
        """What each name leads to: code to the names in it, a variable to all that its cells have at hand."""
        self.leads: dict[str, set[str]] = defaultdict(set)
        for name, piece in self.code.items():
            self.leads[name] |= piece.names
        self.reached = [set(unit.now.names) for unit in self.units]
        for _ in range(ROUNDS):
            before = sum(map(len, self.reached))
            for unit, reached in zip(self.units, self.reached, strict=True):
                self._reach(reached)
                here = (reached & self.mutable) | unit.variables
                for name in here:
                    self.leads[name] |= unit.now.names | here
            if before == sum(map(len, self.reached)):
                return
        raise ValueError("a chain of cells too long")

    def _reach(self, found: set[str]) -> None:
        todo = list(found)
        while todo:
            more = self.leads.get(todo.pop(), set()) - found
            todo += more
            found |= more

    def _execute(self) -> None:
        """What each unit may do and change when it runs."""
        self.users: dict[str, list[int]] = defaultdict(list)  # units that bind a name or may change its value
        for number, unit in enumerate(self.units):
            for name in unit.binds.keys() | (self.reached[number] & self.mutable):
                self.users[name].append(number)
        handed = {
            name
            for name in self.mutable
            if any(self.units[user].now.sign & Sign.LIBRARY_CLASS for user in self.users[name])
        }
        self.signs = [self._sign_of(number, handed) for number in range(len(self.units))]
        both = Sign.LIBRARY_CLASS | Sign.FOREIGN
        self.unclear = any(s & (Sign.WILD | Sign.UNKNOWN) or s & both == both for s in self.signs)
        self.settings = [number for number, sign in enumerate(self.signs) if sign & Sign.SETTING]

    def _sign_of(self, number: int, handed: set[str]) -> Sign:
        sign = self.units[number].now.sign
        for name in self.reached[number] & self.code.keys():
            sign |= self.code[name].sign
        return sign | Sign.LIBRARY_CLASS if self.reached[number] & handed else sign

    # What others ask

    def exercise(self, place: int, names: Iterable[str]) -> str | None:
        """A digest of all that decides what a suite finds that asks for ``names`` before cell ``place``.

        None where that is unclear. A name with an ``@`` before it is the path of an object that is not the notebook's.
        """
        names = sorted(set(names))
        if self.unclear or not all(_is_known(name) for name in names if name.startswith("@")):
            return None
        found, needed = self._decisive(place, self._own(place, names))
        wild = any(self.code[name].sign & Sign.WILD for name in needed & self.code.keys())
        drawn = any(self.signs[number] & Sign.DRAWS for number in found)
        return None if wild or drawn else self._digest(names, found)

    def cell(self, index: int) -> str | None:
        """A digest of all that decides what a cell prints, random draws left out; None where that is unclear."""
        return None if self.unclear else self._digest([self.sources[index]], self._units_for_cells([index]))

    def cells_of(self, place: int, names: Iterable[str]) -> set[int]:
        """Places of the cells on which the exercise depends."""
        found, _ = self._decisive(place, self._own(place, names))
        return {self.units[number].cell for number in found}

    def runnable(self, cells: Iterable[int]) -> set[int]:
        """``cells`` with those that must run before them."""
        cells = set(cells)
        return cells | {self.units[number].cell for number in self._units_for_cells(cells)}

    def _own(self, place: int, names: Iterable[str]) -> set[str]:
        """The names that are the notebook's, as they stand before cell ``place``."""
        own = (name for name in names if not name.startswith("@"))
        return {version for name in own for version in self.versions.before(place, name)}

    def _digest(self, heads: Sequence[str], found: Iterable[int]) -> str:
        cells = sorted({self.units[number].cell for number in found})
        parts = [self.beside, *heads, "", *(self.sources[cell] for cell in cells)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _decisive(self, place: int, names: Iterable[str]) -> tuple[set[int], set[str]]:
        """The units that decide the values of ``names`` before ``place``, and all names that these lead to."""
        found: set[int] = set()
        needed: set[str] = set()
        todo = list(names)
        for number in self.settings:
            todo += self._taken(number, found)
        while todo:
            name = todo.pop()
            if name in needed:
                continue
            needed.add(name)
            todo += self.code[name].names if name in self.code else ()
            for number in self.users.get(name, ()):
                if number not in found and self.units[number].cell < place:
                    todo += self._taken(number, found)
        return found, needed

    def _taken(self, number: int, found: set[int]) -> set[str]:
        found.add(number)
        return self.units[number].now.names | self.units[number].variables

    def _units_for_cells(self, cells: Iterable[int]) -> set[int]:
        """The units of all cells that must run so that ``cells`` can, these left out or not."""
        done: set[int] = set()
        todo = set(cells) | {self.units[number].cell for number in self.settings}
        found: set[int] = set()
        while todo:
            cell = todo.pop()
            done.add(cell)
            for unit in (unit for unit in self.units if unit.cell == cell):
                names = unit.now.names | unit.variables
                found |= self._decisive(cell, names)[0]
            todo |= {self.units[number].cell for number in found} - done
        return found


def _is_known(path: str) -> bool:
    """Whether an object that a suite asks for by its path leads to no name of the notebook."""
    parts = path[1:].split(".")
    return parts[0] in AT and not AT_NOT & set(parts)
