#!/usr/bin/env python3
"""Runs the same commands on the same random histories with Alembic (in this process) and with cmig, and
compares version rows, what ran, and what the listing commands print.

    alembic-parity.py CMIG CMIG_URL ALEMBIC_URL FIRST_SEED GRAPHS

Prints `P name` or `F name` for each comparison, with `# ...` lines behind a failure.

Histories on which Alembic crashes are not generated: the parents and dependencies of a revision never
lie above each other. What Alembic leaves to chance is not compared: which of several rows `-1` takes,
the order of `current` and `branches`.
"""
import io
import os
import random
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
_listdir = os.listdir
os.listdir = lambda path=".": sorted(_listdir(path))  # Alembic sorts from 1.10 on

import sqlalchemy as sa
from alembic import command, util
from alembic.config import Config
from alembic.script import ScriptDirectory

ENV = """
from alembic import context
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""

PYTHON = '''"""make {id}

Revision ID: {id}
Revises: {revises}
Create Date: 2026-11-20T10:15:00Z

"""
from alembic import op

revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {deps!r}


def upgrade():
    op.execute("INSERT INTO log (what) VALUES ('+{id}')")


def downgrade():
    op.execute("INSERT INTO log (what) VALUES ('-{id}')")
'''

SQL = """-- revision: {id}
-- down_revision: {down}
-- branch_labels: {labels}
-- depends_on: {deps}
-- message: make {id}
-- create_date: 2026-11-20T10:15:00Z

-- cmig:upgrade
INSERT INTO log (what) VALUES ('+{id}');

-- cmig:downgrade
INSERT INTO log (what) VALUES ('-{id}');
"""


class Revision:
    def __init__(self, rid, down, deps, labels):
        self.id, self.down, self.deps, self.labels = rid, down, deps, labels


class History:
    """A random DAG, in load order, which is an order of dependencies too."""

    def __init__(self, rng):
        self.revisions = []
        self.above = {}  # id -> ids of all ancestors over both kinds of edges, itself included
        self.line = {}  # the same over down_revision
        for number in range(rng.randint(4, 14)):
            self.add(rng, f"{rng.choice('abcdef')}{rng.randint(0, 0xfff):03x}{number:x}")

    def antichain(self, ids):
        return all(a == b or a not in self.above[b] for a in ids for b in ids)

    def add(self, rng, rid):
        ids = [r.id for r in self.revisions]
        childless = [i for i in ids if not any(i in r.down for r in self.revisions)]
        down, deps, labels = [], [], []
        kind = rng.random()
        if ids and kind < 0.55:
            down = [rng.choice(childless)]
        elif ids and kind < 0.75:
            down = [rng.choice(ids)]
        elif len(ids) > 1 and kind < 0.9:
            down = rng.sample(ids, min(len(ids), rng.choice((2, 2, 3))))
            if not self.antichain(down):
                down = down[:1]
        if ids and rng.random() < 0.2:
            wanted = rng.choice(ids)
            if wanted not in down and self.antichain(down + [wanted]):
                deps = [wanted]
        if rng.random() < (0.5 if not down else 0.0):
            labels = [f"lab{rid}"]
        self.revisions.append(Revision(rid, down, deps, labels))
        self.above[rid] = {rid}.union(*[self.above[p] for p in down + deps])
        self.line[rid] = {rid}.union(*[self.line[p] for p in down])

    def heads(self):
        return sorted(r.id for r in self.revisions
                      if not any(r.id in other.down + other.deps for other in self.revisions))

    def write(self, py, sql):
        for folder in (py, sql):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        for number, r in enumerate(self.revisions):
            name = f"{number:04d}_{r.id}"
            down = None if not r.down else r.down[0] if len(r.down) == 1 else tuple(r.down)
            with open(f"{py}/{name}.py", "w") as out:
                out.write(PYTHON.format(id=r.id, revises=", ".join(r.down), down=down,
                                        labels=r.labels or None, deps=r.deps or None))
            with open(f"{sql}/{name}.sql", "w") as out:
                lists = {k: "[" + ", ".join(v) + "]" for k, v in
                         (("labels", r.labels), ("deps", r.deps), ("down", r.down))}
                out.write(SQL.format(id=r.id, **{**lists, "down": lists["down"] if r.down else "null"}))


class Database:
    def __init__(self, url):
        self.engine = sa.create_engine(url)
        self.connection = self.engine.connect()
        key = "serial" if url.startswith("postgresql") else "integer"
        self.run("DROP TABLE IF EXISTS log", f"CREATE TABLE log (n {key} PRIMARY KEY, what text)",
                 "DROP TABLE IF EXISTS alembic_version",
                 "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, "
                 "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")

    def run(self, *statements):
        for statement in statements:
            self.connection.execute(sa.text(statement).execution_options(autocommit=True))

    def column(self, statement):
        return [row[0] for row in self.connection.execute(sa.text(statement)).fetchall()]

    def rows(self):
        return sorted(self.column("SELECT version_num FROM alembic_version"))

    def take_log(self):
        log = self.column("SELECT what FROM log ORDER BY n")
        self.run("DELETE FROM log")
        return log

    def set_rows(self, rows):
        self.run("DELETE FROM alembic_version",
                 *[f"INSERT INTO alembic_version VALUES ('{row}')" for row in rows])


class Alembic:
    def __init__(self, url):
        self.db = Database(url)
        os.makedirs("alembic/versions", exist_ok=True)
        with open("alembic/env.py", "w") as out:
            out.write(ENV)
        open("alembic/script.py.mako", "w").close()

    def __call__(self, name, *args):
        """Status-like text ("" = it worked) and standard output."""
        out = io.StringIO()
        config = Config(stdout=out)
        config.set_main_option("script_location", "alembic")
        config.attributes["connection"] = self.db.connection
        functions = {"history": lambda c, *a: command.history(c, indicate_current="-i" in a),
                     "current": command.current, "heads": command.heads,
                     "branches": command.branches}
        try:
            functions.get(name, getattr(command, name))(config, *args)
            return "", out.getvalue()
        except util.CommandError as problem:
            return str(problem), out.getvalue()
        except Exception as problem:  # Alembic lets these escape with a traceback
            return f"crash: {type(problem).__name__}", out.getvalue()


class Cmig:
    def __init__(self, binary, url):
        self.binary, self.db = binary, Database(url)

    def __call__(self, *args):
        done = subprocess.run([self.binary, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.status = done.returncode
        return done.stderr if done.returncode else "", done.stdout


failures = 0


def check(passed, name, *details):
    global failures
    print(("P " if passed else "F ") + name)
    if not passed:
        failures += 1
        for detail in details:
            for line in str(detail).splitlines() or [""]:
                print("# " + line)
    return passed


def targets(rng, history, rows):
    """One random command."""
    ids = [r.id for r in history.revisions]
    labels = [(r.id, label) for r in history.revisions for label in r.labels]
    rid, number = rng.choice(ids), rng.randint(1, 3)
    up = [rid, rid, rid[:3], "heads", "heads", "head", f"{rid}+{number}", f"{rid}-{number}", f"+{number}"]
    down = [rid, rid, rid[:3], "base", f"{rid}-1", f"{rid}+1"] + ([f"-{number}"] if len(rows) < 2 else [])
    if labels:
        owner, label = rng.choice(labels)
        member = rng.choice([i for i in ids if owner in history.line[i] or i in history.line[owner]])
        up += [f"{label}@head", f"{label}@{member}", f"{label}@+{number}", label]
        down += [f"{label}@base", f"{label}@{member}"]
        if sum(owner in history.line[row] for row in rows) == 1:
            down += [f"{label}@-1"]
    kind = rng.random()
    if kind < 0.5:
        return "upgrade", rng.choice(up)
    if kind < 0.85:
        return "downgrade", rng.choice(down)
    return "stamp", rng.choice([rid, "heads", "base"])


# Beginnings of Alembic's messages that cmig's repeat; others say more in words of their own.
TEXTS = re.compile(r"(Can't locate revision identified by '[^']*'|Multiple head revisions are present for given "
                   r"argument '[^']*'|Relative revision \S+ didn't produce \d+ migrations|Walked too far|"
                   r"Ambiguous walk|Ambiguous upgrade from multiple current revisions|"
                   r"Destination \S+ is not a valid downgrade target from current head)")


def step(where, rng, history, alembic, cmig):
    before = alembic.db.rows()
    name, target = targets(rng, history, before)
    where = f"{where} [{' '.join(before) or '-'}] {name} {target}"
    theirs, _ = alembic(name, target)
    ours, printed = cmig(name, target)
    their_rows, our_rows = alembic.db.rows(), cmig.db.rows()
    their_log, our_log = alembic.db.take_log(), cmig.db.take_log()
    context = (f"alembic: {theirs or 'done'}; rows {their_rows}; ran {their_log}",
               f"cmig: {ours or 'done'}; rows {our_rows}; ran {our_log}")
    if theirs.startswith("crash") or not history.antichain(their_rows):
        # A crash, or a row beside its own ancestor: cmig leaves things alone.
        check(cmig.status in (0, 1, 2) and our_rows == before and not our_log, f"{where}: left alone", *context)
        alembic.db.set_rows(our_rows)
        return
    if (name, target) == ("stamp", "heads"):
        # From several rows Alembic loses some of the heads; cmig has them all.
        check(not ours and our_rows == history.heads() and not our_log, where, *context)
        alembic.db.set_rows(our_rows)
        return
    if theirs:
        said = TEXTS.match(theirs)
        fits = said is None or said.group(1) in ours
        check(cmig.status in (1, 2) and our_rows == before and not our_log and fits, f"{where}: refused", *context)
        return
    same = not ours and printed == "" and our_rows == their_rows and our_log == their_log
    if not check(same, where, *context):
        cmig.db.set_rows(their_rows)


def in_order(line):
    """Alembic keeps children and labels in sets, so that their order is chance."""
    listed = re.fullmatch(r"(Branches into: |Branch names: )(.*)", line)
    if listed:
        return listed.group(1) + ", ".join(sorted(listed.group(2).split(", ")))
    return re.sub(r"\((lab[^)]*)\)", lambda m: "(" + ", ".join(sorted(m.group(1).split(", "))) + ")", line)


def same_text(where, alembic, cmig, sort, *args):
    """Paths differ; which lines come first is chance in some listings."""
    def plain(text):
        lines = [in_order(line.rstrip()) for line in text.splitlines() if not line.startswith("Path: ")]
        return sorted(lines) if sort else lines
    theirs, ours = alembic(*args), cmig(*args)
    check(not theirs[0] and not ours[0] and plain(theirs[1]) == plain(ours[1]),
          f"{where} {' '.join(args)}", "alembic:", theirs[0] + theirs[1], "cmig:", ours[0] + ours[1])


def show(where, rng, history, alembic, cmig):
    same_text(where, alembic, cmig, False, "history", "-i")
    same_text(where, alembic, cmig, False, "heads")
    same_text(where, alembic, cmig, True, "branches")
    same_text(where, alembic, cmig, True, "current")
    for revision in rng.sample(history.revisions, 3):
        same_text(where, alembic, cmig, False, "show", revision.id)


def main():
    binary, our_url, their_url, first, graphs = sys.argv[1:]
    alembic, cmig = Alembic(their_url), Cmig(binary, our_url)
    for seed in range(int(first), int(first) + int(graphs)):
        rng = random.Random(seed)
        history = History(rng)
        history.write("alembic/versions", "migrations/versions")
        for db in (alembic.db, cmig.db):
            db.set_rows([])
            db.take_log()
        for _ in range(10):
            step(f"graph {seed}", rng, history, alembic, cmig)
        show(f"graph {seed}", rng, history, alembic, cmig)
    print(f"done {failures}")


main()
