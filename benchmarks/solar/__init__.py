"""The solar bench: the same days and the same car for our brain, others' rules and perfect knowledge."""
