"""A domain calls a lower one's service; it never touches another's store, models or tables."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
DOMAINS = sorted(path.name for path in APP.iterdir() if (path / "__init__.py").exists())
DOMAINS = [name for name in DOMAINS if name not in ("core", "migrations")]
PRIVATE_LAYERS = {"store", "models", "rules"}


def modules_of(domain: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((APP / domain).rglob("*.py")):
        yield path, ast.parse(path.read_text())


def tables_of(domain: str) -> set[str]:
    names: set[str] = set()
    for path, tree in modules_of(domain):
        if path.stem != "models":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "__tablename__" for target in node.targets
            ):
                names.add(ast.literal_eval(node.value))
    return names


def foreign_imports(domain: str, tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            parts = module.split(".")
            is_foreign = len(parts) >= 3 and parts[0] == "app" and parts[1] in DOMAINS and parts[1] != domain
            if is_foreign and parts[2] in PRIVATE_LAYERS:
                found.append(module)
    return found


def foreign_tables(tree: ast.Module, foreign: set[str]) -> list[str]:
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [
        name for text in texts for name in re.findall(r"\b(?:from|join|into|update) app\.(\w+)", text, re.I)
        if name in foreign
    ]  # fmt: skip


def test_domains_are_found_with_their_tables() -> None:
    assert "bookings" in tables_of("bookings")
    assert "cabin_inventories" in tables_of("inventory")


def test_no_domain_imports_anothers_store_models_or_rules() -> None:
    found = {
        str(path.relative_to(APP)): imports
        for domain in DOMAINS
        for path, tree in modules_of(domain)
        if (imports := foreign_imports(domain, tree))
    }

    assert found == {}


def test_no_domain_writes_sql_over_anothers_tables() -> None:
    owned = {domain: tables_of(domain) for domain in DOMAINS}
    found = {
        str(path.relative_to(APP)): names
        for domain in DOMAINS
        for path, tree in modules_of(domain)
        if (names := foreign_tables(tree, set().union(*owned.values()) - owned[domain]))
    }

    assert found == {}


def test_foreign_sql_would_be_found() -> None:
    tree = ast.parse('STATEMENT = "select id from app.bookings"')

    assert foreign_tables(tree, {"bookings"}) == ["bookings"]
