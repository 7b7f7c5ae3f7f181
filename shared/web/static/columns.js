// Which columns of a table somebody sees is their own choice, kept in this browser per person and table.
// A table asks for it by `data-columns`, the person, and an `id`. Its first column names the row and stays.

const nameOf = (head) => head.textContent.trim();

function kept(place) {
  try {
    const read = JSON.parse(localStorage.getItem(place));
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

function option(name, shown, choose) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = shown;
  box.addEventListener("change", () => choose(box.checked));
  label.append(box, ` ${name}`);
  return label;
}

export function offerColumns(table) {
  const place = `huifang-columns/${table.dataset.columns}/${table.id}`; // what a column is called is kept: it may move
  const heads = [...table.tHead.rows[0].cells];
  const hidden = new Set(kept(place));
  const sheet = new CSSStyleSheet(); // by rules, so that rows which come later follow them
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const apply = () => {
    const places = heads.flatMap((head, index) => (index && hidden.has(nameOf(head)) ? [index + 1] : []));
    sheet.replaceSync(places.map((n) => `#${table.id} tr > :nth-child(${n}) { display: none; }`).join("\n"));
  };
  const choose = (name, shown) => {
    hidden[shown ? "delete" : "add"](name);
    localStorage.setItem(place, JSON.stringify([...hidden]));
    apply();
  };
  const offer = document.createElement("details");
  offer.className = "columns-offer no-print";
  const title = document.createElement("summary");
  title.textContent = "选择列";
  offer.append(title, ...heads.slice(1).map((head) => option(nameOf(head), !hidden.has(nameOf(head)), (shown) => choose(nameOf(head), shown))));
  (table.closest(".scroll") || table).before(offer);
  apply();
}
