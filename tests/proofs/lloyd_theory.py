"""The inequalities that `lloyd` prints."""
