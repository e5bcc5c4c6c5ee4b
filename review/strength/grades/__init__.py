"""Grades: functions that rank a value in which more than one property decides, one module for each table."""
