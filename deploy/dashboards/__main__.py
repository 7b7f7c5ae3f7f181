"""`python -m deploy.dashboards` writes the files anew."""

from deploy.dashboards import FOLDER, files


def main() -> None:
    wanted = files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, "utf-8")
    print(f"{len(wanted)} dashboards in {FOLDER}")


if __name__ == "__main__":
    main()
