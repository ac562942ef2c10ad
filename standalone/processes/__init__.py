"""Child processes: tied to our life, watched, started again, stopped in order.

program     one child process
log         its output, in a file that is bounded while it runs
tether      the little program that a child begins as: it ties its life to ours
guard       the little program that outlives us, and kills what would not end
folder      a folder has one holder; what a killed one left behind goes first
restarts    when a child that ended is started again (pure)
supervisor  starts in order, watches, starts again, stops in reverse order
services    a service as a child of the supervisor
"""
