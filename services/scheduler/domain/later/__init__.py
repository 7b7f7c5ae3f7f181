"""Later: what is decided after a fact's own decision, when its time has come, a draw needs its reserve, a released task is
recalled, a fact is withdrawn, or holidays are published."""
