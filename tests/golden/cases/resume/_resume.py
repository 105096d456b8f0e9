"""Runs a case of resumed training: train a few steps, save, and record what further steps do in this release.

A case file defines `build()`, which fills the default graph and returns a `Program`, and ends with `resume(build)`.
"""
import sys

import numpy as np
import tensorflow as tf
from _case import (
    PREFIX,
    RELEASE,
    enter_directory,
    graph_facts,
    name_of,
    put,
    seeded_graph,
    session_config,
    write_case,
)

BEFORE, AFTER = 4, 5


class Program(object):
    """What a program does; all that is named is tensors and ops."""

    def __init__(self, inputs, outputs, steps, batch, bind=None, start=None, racing=(), together=False):
        self.inputs, self.outputs = list(map(name_of, inputs)), list(map(name_of, outputs))  # what is served
        self.steps = steps  # in the order in which one round runs them: (op, its losses, its inputs)
        self.batch = batch  # number of a round -> values of all inputs of all steps, by tensor
        self.bind = bind or {}  # what is fed in every step -> its value
        self.start = start or (lambda session: None)  # called once the variables of a session have their values
        self.racing = racing  # variables that a step may read before or after it changes them; recorded is before
        self.together = together  # whether a loss is a part of its step's run, for a run of its own changes variables


def resume(build, releases=((1, 4), (1, 8), (1, 12), (1, 15))):
    """Entry point of a case file."""
    if RELEASE not in releases:
        print("skipped: recorded in other releases")
        sys.exit(77)
    enter_directory()
    with seeded_graph():
        write_case(*run(build()))


def run(program):
    saver = tf.train.Saver()
    with tf.Session(config=session_config()) as session:
        session.run(tf.global_variables_initializer())
        program.start(session)
        for number in range(BEFORE):
            for op, _, inputs in program.steps:
                run_step(session, program, op, fed(program, inputs, number))
        saver.save(session, "./" + PREFIX)
    arrays = {}
    with tf.Session(config=session_config()) as session:
        saver.restore(session, "./" + PREFIX)
        program.start(session)
        runs = [
            record(session, program, arrays, number, place)
            for number in range(BEFORE, BEFORE + AFTER)
            for place in range(len(program.steps))
        ]
        variables = {str(v.op.name): v for v in tf.global_variables()}
        values = put(arrays, "after/", session.run(variables))
    facts = dict(
        graph_facts(program.inputs, program.outputs),
        bind={name_of(tensor): value for tensor, value in program.bind.items()},
        steps=runs,
        variables=values,
    )
    return facts, arrays


def fed(program, inputs, number):
    values = program.batch(number)
    return dict(list(program.bind.items()) + [(tensor, values[tensor]) for tensor in inputs])


def run_step(session, program, op, feeds):
    reads = [variable.value() for variable in program.racing]
    session.run(op, dict(list(feeds.items()) + list(zip(reads, session.run(reads)))))


def record(session, program, arrays, number, place):
    """Runs one step; the losses are those before it, which a run beside the step might not see."""
    op, losses, inputs = program.steps[place]
    feeds = fed(program, inputs, number)
    if program.together:
        found = session.run([losses, op], feeds)[0]
    else:
        found = session.run(losses, feeds)
        run_step(session, program, op, feeds)
    prefix = "step%d/%d/" % (number, place)
    return {
        "op": str(op.name),
        "inputs": put(arrays, prefix + "in/", {tensor.name: np.asarray(feeds[tensor]) for tensor in inputs}),
        "losses": put(arrays, prefix + "out/", {loss.name: value for loss, value in zip(losses, found)}),
    }
