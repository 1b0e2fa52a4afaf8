"""What several subcommands share: options, types, outputs, progress, reports."""
