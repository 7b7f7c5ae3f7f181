"""What can change: `desk` (the compiled policies), `packs`, `decide`, `runs` (of policies with several steps), `contacts`,
`release`, `warn` (of deadlines), `calendars`."""
