"use strict";
// Filters, search, keys and print. The page shows everything without this script.
(() => {
  const tree = document.querySelector(".tree");
  const form = document.querySelector(".filters");

  const openWithParents = (element) => {
    for (let node = element; node; node = node.parentElement) {
      if (node instanceof HTMLDetailsElement) node.open = true;
    }
  };
  // A link into the tree opens what it leads to.
  const followHash = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) form.reset();
    openWithParents(target);
    target.scrollIntoView();
    const row = target.querySelector(":scope > summary");
    if (row && target.closest(".tree")) focusRow(row);
  };

  // A second click on the same link changes no hash.
  addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) followHash();
  });

  // Print: everything is open, then as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));

  if (!tree) {
    addEventListener("hashchange", followHash);
    followHash();
    return;
  }

  const changes = [...tree.querySelectorAll(".change")];
  const stacks = [...tree.querySelectorAll(".stack")];
  const texts = new Map(changes.map((change) => [change, change.textContent.toLowerCase()]));
  const search = document.getElementById("search");
  const status = form.querySelector(".status");

  // ---- filters: within a group any, of all groups each ----
  const chosen = () => {
    const groups = new Map();
    for (const box of form.querySelectorAll("input:checked")) {
      groups.set(box.name, [...(groups.get(box.name) || []), box.value]);
    }
    return groups;
  };
  const matches = (change, groups, words) =>
    [...groups].every(([name, values]) => change.dataset[name].split("|").some((value) => values.includes(value)))
    && words.every((word) => texts.get(change).includes(word) || stackName(change).includes(word));
  const stackName = (change) => change.closest(".stack").querySelector("h3").textContent.toLowerCase();
  const apply = () => {
    const groups = chosen();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    changes.forEach((change) => { change.hidden = !matches(change, groups, words); });
    stacks.forEach((stack) => { stack.hidden = !stack.querySelector(".change:not([hidden])"); });
    const shown = changes.filter((change) => !change.hidden).length;
    status.textContent = shown === changes.length ? `${changes.length} changes` : `${shown} of ${changes.length} changes shown`;
    const current = rows().find((row) => row.tabIndex === 0);
    if (!current && rows().length) makeCurrent(rows()[0]);
  };

  // ---- one row of the tree is in the order of the Tab key; keys move it ----
  const rows = () => [...tree.querySelectorAll(".stack > summary, .change > summary")].filter(
    (row) => !row.closest("[hidden]") && (row.parentElement.matches(".stack") || row.closest(".stack").open));
  const makeCurrent = (row) => {
    tree.querySelectorAll(".stack > summary, .change > summary").forEach((other) => { other.tabIndex = -1; });
    row.tabIndex = 0;
  };
  const focusRow = (row) => {
    makeCurrent(row);
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const move = (step) => {
    const list = rows();
    const at = list.indexOf(document.activeElement);
    const next = at < 0 ? list.find((row) => row.tabIndex === 0) || list[0] : list[at + step];
    if (next) focusRow(next);
  };
  const closeOrGoUp = (row) => {
    const details = row.parentElement;
    if (details.open) details.open = false;
    else if (!details.matches(".stack")) focusRow(details.closest(".stack").querySelector(":scope > summary"));
  };
  const onRow = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    ArrowRight: (row) => { row.parentElement.open = true; },
    ArrowLeft: closeOrGoUp,
    Home: () => focusRow(rows()[0]),
    End: () => focusRow(rows().at(-1)),
  };
  const anywhere = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => search.focus(),
    Escape: () => { form.reset(); },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest(".tree .stack > summary, .tree .change > summary");
    const typing = event.target.matches("input[type=search]");
    const action = (row && onRow[event.key]) || ((!typing || event.key === "Escape") && anywhere[event.key]);
    if (!action) return;
    event.preventDefault();
    action(row);
  });
  tree.addEventListener("focusin", (event) => {
    const row = event.target.closest("summary");
    if (row && row.matches(".stack > summary, .change > summary")) makeCurrent(row);
  });

  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const open = event.target.dataset.open;
    if (open) changes.forEach((change) => { if (!change.hidden) change.open = open === "true"; });
  });
  form.hidden = false;
  apply();
  makeCurrent(rows()[0]);
  addEventListener("hashchange", followHash);
  followHash();
})();
