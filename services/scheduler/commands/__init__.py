"""What can change: `desk` (the compiled policies), `packs`, `decide`, `contacts`, `release`,
`warn` (of deadlines), `calendars`."""
