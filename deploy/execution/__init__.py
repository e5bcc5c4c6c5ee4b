"""What changes a stack or reads it: execute, watch, destroy, outputs."""
