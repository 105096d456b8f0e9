"""Runs for a day and saves every half hour.

Four checkpoints are enough, but one of every two hours is kept for good so that we can look at the history later.

usage: [DIR] [run|history]
"""
import os
import sys
import time

import tensorflow as tf

DIR = sys.argv[1] if len(sys.argv) > 1 else './out'
COMMAND = sys.argv[2] if len(sys.argv) > 2 else 'run'

SAVE_SECS = 30 * 60
TICK_SECS = 10 * 60
HOURS = 12


def make_saver():
    return tf.train.Saver(max_to_keep=4, keep_checkpoint_every_n_hours=2)


def run():
    hits = tf.get_variable('hits', initializer=tf.zeros([3]))
    global_step = tf.train.get_or_create_global_step()
    update = [tf.assign_add(hits, [1.0, 0.5, 0.25]), tf.assign_add(global_step, 1)]
    saver = make_saver()

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        start = last_save = time.time()
        while time.time() - start < HOURS * 3600:
            time.sleep(TICK_SECS)      # wait for the next batch of log files
            sess.run(update)
            if time.time() - last_save >= SAVE_SECS:
                saver.save(sess, os.path.join(DIR, 'hits.ckpt'), global_step, write_meta_graph=False)
                last_save = time.time()
    print('last: %s' % [os.path.basename(p) for p in saver.last_checkpoints])


def history():
    hits = tf.get_variable('hits', shape=[3])
    saver = tf.train.Saver()
    steps = sorted(int(f[len('hits.ckpt-'):-len('.index')]) for f in os.listdir(DIR) if f.endswith('.index'))
    with tf.Session() as sess:
        for step in steps:
            saver.restore(sess, os.path.join(DIR, 'hits.ckpt-%d' % step))
            print('%4.1f h  hits %s' % (step * TICK_SECS / 3600.0, sess.run(hits)))


if __name__ == '__main__':
    run() if COMMAND == 'run' else history()
