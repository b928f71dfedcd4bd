# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short programs that search as an audit does: ``grep`` has no lines that span lines, and other words for much of what
a contract can say. Private to the collection. Pure.

They are run by the Python that a host has anyway, apart from the modules of the directory where they are started
(``-I``), and within a time. They tell which lines match, and when these were written, and not what they say: that may
be a secret.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.logs import severity
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.lines import ANSI
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import similar

_RUN = "timeout 60 python3 -I -c"
_SHOWN = 20
_STAMP = r"\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+|\d\d[ /]\w{3}[ /]\d{4}[: ][\d:.]+|^\w{3} [ \d]\d [\d:]{8}"
"""How the lines of most logs have their time."""

STAMP_ERE = "[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9:.,]+([+-][0-9:]+|Z)?"

# Each gives the lines of standard input as (time, text, level that their source gives them).
_LINES = {
    "path": 'L=[(b"",l.split(b"\\n")[0],b"") for l in sys.stdin.buffer]',
    "container": 'L=[(s,l.split(b"\\n")[0],b"") for s,_,l in (l.partition(b" ") for l in sys.stdin.buffer)]',
    "journal": 'B=lambda m:m.encode("utf-8","surrogateescape") if isinstance(m,str) else b"\\n".join(map(B,m)) '
    "if m and isinstance(m[0],str) else bytes(m or ());"
    'L=[(b"%.3f"%(int(j["__REALTIME_TIMESTAMP"])/1e6),m,str(j.get("PRIORITY")).encode() if not n else b"") '
    'for j in map(json.loads,sys.stdin.buffer) for n,m in enumerate(B(j.get("MESSAGE")).split(b"\\n"))]',
}
_CLEAN = f'L=[(s,re.sub({ANSI.pattern!r},b"",l).rstrip(b"\\r"),p) for s,l,p in L]'
_TELL = (
    f'T=lambda s,l:s.decode() or (re.search({_STAMP!r},l[:128].decode("utf-8","replace")) or [""])[0];'
    'print(len(F),"line"+"s"*(len(F)!=1)+":"*bool(F),'
    f'*(f"{{n}} {{T(*L[n-1][:2])}}".strip()+"," for n in F[-{_SHOWN}:]))'
)
_FRAME = 'L=[(s,re.sub(rb"^ +[|+] ",b"",l),p) for s,l,p in L]'
_UNINDENTED = 'l[:1] not in (b" ",b"\\t")'


def program(script: str, *words: str) -> str:
    """Return a command that runs a script with arguments."""
    return " ".join([_RUN, shlex.quote(script), *map(shlex.quote, words)])


def in_file(pattern: str, path: str) -> str:
    """Return what tells how often an expression is found in a file, and in which lines, as ``trees/rules.py`` does."""
    script = (
        'import re,sys;x=open(sys.argv[1],encoding="utf-8",errors="replace",newline="").read();'
        f'F=[x.count("\\n",0,m.start())+1 for m in re.finditer({pattern!r},x,re.M)];'
        f'print(len(F),"found"+":"*bool(F),*F[:{_SHOWN}])'
    )
    return program(script, path)


def shared(first: str, second: str) -> str:
    """Return what tells the share of equal lines of two files, as ``trees/similar.py`` does."""
    script = (
        'import sys;L=lambda p:[l for l in map(bytes.strip,open(p,"rb").read().split(b"\\n")) '
        'if l and not l.startswith((b"#",b"//"))];'
        f"B=lambda x,k:[tuple(x[i:i+k]) for i in range(len(x)-k+1)];K=lambda x:min({similar.BLOCK},len(x));"
        "S=lambda x,y:(lambda k,o:len({j for i,b in enumerate(B(x,k)) if b in o for j in range(i,i+k)}))"
        "(K(x),set(B(y,K(x))));a,b=sorted((L(sys.argv[1]),L(sys.argv[2])),key=len);"
        'print(round(max(S(a,b),S(b,a) if len(a)==len(b) else 0)/max(len(a),1),3),"of",len(a),"and",len(b),"lines")'
    )
    return program(script, first, second)


def in_log(kind: str, pattern: str) -> str:
    """Return what tells which lines of a log match an expression, each for itself, as ``logs/patterns.py`` does."""
    return _of_log(kind, f"F=[n for n,(s,l,p) in enumerate(L,1) if E.search({_as_read(pattern)[0]})]", pattern)


def numbers(kind: str, pattern: str) -> str:
    """Return what tells how many numbers the group of an expression takes out of a log, and which they are at least,
    on average, at most and at last.
    """
    line, text = _as_read(pattern)
    found = (
        f"M=[E.search({line}) for s,l,p in L];G=[m[1]{text}.replace(',','') for m in M if m and m[1] is not None];"
        'V=[float(g) for g in G if re.fullmatch(r"\\s*[-+]?(\\d+\\.?\\d*|\\.\\d+)(e[-+]?\\d+)?\\s*",g,re.I)];'
        'print(len(V),"numbers"+":"*bool(V),*(["least",min(V),"mean",round(sum(V)/len(V),6),"most",max(V),"last",'
        "V[-1]] if V else ()))"
    )
    return _of_log(kind, found, pattern, tell="")


def level(kind: str, names: t.Sequence[str]) -> str:
    """Return what tells which lines of a log have one of some levels, as ``logs/severity.py`` finds it."""
    spelled = [word for word, name in severity.NAMES.items() if name in names]
    given = [digit.decode() for digit, name in severity.PRIORITIES.items() if name in names]
    found = (
        f"W=re.compile({severity.WORD.pattern!r});R=re.compile({severity.FIELD.pattern!r},re.I);"
        'C=lambda h,r,w:w if w and (not r or not h.startswith(b"{") and w.start()<r.start()) else r;'
        f"H=lambda l,p:(lambda m:next(filter(None,m.groups())).decode().upper() in {spelled!r} if m else "
        f"p.decode() in {given!r})(C(l,R.search(l[:{severity.HEAD}]),W.search(l[:{severity.HEAD}])));"
        f"F=[n for n,(s,l,p) in enumerate(L,1) if l and {_UNINDENTED} and H(l,p)]"
    )
    return _of_log(kind, f"{_FRAME};{found}")


def said(kind: str, name: str) -> str:
    """Return what tells which lines of a log say that nobody took care of an error."""
    found = (
        f"F=[n for n,(s,l,p) in enumerate(L,1) if {_UNINDENTED} and re.search({severity.UNHANDLED[name].pattern!r},l)]"
    )
    return _of_log(kind, f"{_FRAME};{found}")


def exception(kind: str, name: str) -> str:
    """Return what tells which lines of a log name a class of exceptions: of a traceback the last line, and that only
    where the line before the traceback does not name it as well.
    """
    own = re.escape(name)
    last = rf"(?:[A-Za-z_]\w*\.)*{own}(?::|\s*$)"
    frames = r"Traceback \(most recent call last\).*\n(?:(?:[ \t].*)?\n)*"
    known = severity.NAMED.match(f"{name}: ".encode())
    if known is not None and known.group(1) == name.encode():
        again = rf"(?m)^([^ \t\n].*\b{own}\b.*\n){frames}{last}.*".encode()
        drop = f'X=re.sub({again!r},lambda m:m[1]+b"\\n"*(m[0].count(b"\\n")-1),X);'
        names = f"{name.encode()!r} in re.findall({severity.NAMED.pattern!r},l)"
        found = f'F=[n for n,l in enumerate(X.split(b"\\n"),1) if {_UNINDENTED} and {names}]'
    else:
        drop, whole = "", f"(?m)^{frames}{last}".encode()
        found = f'F=[X.count(b"\\n",0,m.end())+1 for m in re.finditer({whole!r},X)]'
    return _of_log(kind, f'{_FRAME};X=b"\\n".join(l for s,l,p in L);{drop}{found}')


def _as_read(pattern: str) -> tuple[str, str]:
    """Return how a line is searched, and its group made text: as bytes, but for what needs characters."""
    if pattern.isascii() and not re.search(r"\\[uUN]", pattern):
        return "l", ".decode('utf-8','replace')"
    return 'l.decode("utf-8","surrogateescape")', ""


def _of_log(kind: str, found: str, pattern: str | None = None, tell: str = _TELL) -> str:
    modules = "json,re,sys" if kind == "journal" else "re,sys"
    compiled = f"E=re.compile({_literal(pattern)})" if pattern is not None else ""
    parts = [f"import {modules}", compiled, _LINES[kind], _CLEAN, found, tell]
    return program(";".join(filter(None, parts)))


def _literal(pattern: str) -> str:
    """Return an expression as a word of the program: it stays on one line, whatever it holds."""
    return repr(pattern.encode() if _as_read(pattern)[0] == "l" else pattern)
