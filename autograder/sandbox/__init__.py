"""Confinement of the student's code: forkserver, supervisor, namespaces, limits."""
