"""A proved interval for the transport from weighted samples to atoms."""
