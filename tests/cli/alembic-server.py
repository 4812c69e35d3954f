#!/usr/bin/env python3
"""Alembic's command line, loaded once: that takes longer than most of its commands.

    alembic-server.py FOLDER

FOLDER/call and FOLDER/status are named pipes. Each line of `call` is the arguments of one call, its
words apart by tabs, NAME=VALUE in front for its environment; it runs in a process of its own, prints
to FOLDER/stdout and FOLDER/stderr, and its exit status comes out of `status`.
"""
import os
import sys
import warnings

from alembic.config import CommandLine
import psycopg2  # noqa: F401  what every call on PostgreSQL loads
import sqlalchemy.dialects.postgresql.psycopg2  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401

warnings.simplefilter("ignore")
folder = sys.argv[1]


def call(words):
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), number)
    while "=" in words[0]:
        name, value = words.pop(0).split("=", 1)
        os.environ[name] = value
    CommandLine(prog="alembic").main(argv=words)


with open(f"{folder}/call", encoding="utf-8") as calls:
    for line in calls:
        child = os.fork()
        if child == 0:
            call(line.rstrip("\n").split("\t"))
            sys.stdout.flush()
            sys.exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with open(f"{folder}/status", "w", encoding="utf-8") as answer:
            answer.write(f"{status}\n")
