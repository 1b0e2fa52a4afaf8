"""Lloyd's steps followed one by one, beside what theory says of them."""
