"""Celery: the tasks, and when they are asked for."""
