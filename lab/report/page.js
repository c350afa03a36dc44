// Sorting and filtering of the verdict table. Without this script the page says all the same.
(() => {
  "use strict";
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const words = new Map(rows.map((row) => [row, row.cells[0].textContent + " " + row.cells[1].textContent]));
  const heads = Array.from(table.tHead.rows[0].cells);
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const pills = [];
  let kind = "";

  const show = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = words.get(row).toLowerCase();
      const fits = (!kind || row.classList.contains("r-" + kind)) && wanted.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown + " of " + rows.length + " rows shown";
  };

  const choose = (next) => {
    kind = next;
    for (const pill of pills) pill.setAttribute("aria-pressed", String(pill.dataset.kind === kind));
    show();
  };

  const press = (label, ofKind) => {
    const pill = document.createElement("button");
    pill.type = "button";
    pill.dataset.kind = ofKind;
    pill.append(...label);
    pill.addEventListener("click", () => choose(ofKind === kind ? "" : ofKind));
    pills.push(pill);
    return pill;
  };

  const tallies = document.getElementById("tallies");
  for (const item of Array.from(tallies.children)) {
    const badge = item.firstElementChild;
    const pill = press(Array.from(badge.childNodes), item.dataset.kind);
    pill.className = badge.className;
    item.replaceChildren(pill);
  }
  const all = document.createElement("li");
  all.append(press(["all ", Object.assign(document.createElement("b"), { textContent: rows.length })], ""));
  all.firstElementChild.className = "badge all";
  tallies.prepend(all);

  const keyOf = (row, at, isNumber) => {
    const cell = row.cells[at];
    if (!isNumber) return cell.textContent.trim();
    return cell.dataset.k === "" ? null : Number(cell.dataset.k);
  };
  const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...Array.from(head.childNodes));
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const isUp = head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      const keyed = rows.map((row) => [keyOf(row, at, head.hasAttribute("data-number")), row]);
      keyed.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return isUp ? order(a, b) : order(b, a);
      });
      body.append(...keyed.map(([, row]) => row));
    });
  });

  filter.addEventListener("input", show);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      filter.value = "";
      show();
    }
  });
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });
  document.getElementById("tools").hidden = false;
  choose("");
})();
