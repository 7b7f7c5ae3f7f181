"""Sub-commands of `huifang`: each file has a typer `app`, found by itself."""
