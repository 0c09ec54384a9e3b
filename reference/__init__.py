"""Reference implementations of the course's exercises: plain PyTorch, read by instructors, used by hidden suites.

Nothing here knows the grader: ``reference`` never imports ``autograder``.
"""
