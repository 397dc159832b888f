// The boxes of a run: sentence, source code, panels, table of events.

const SVG = "http://www.w3.org/2000/svg";
const MOST_CHIPS = 48;
// Names up to this length are not broken into lines.
const SHORT = 18;
const BY_NUMBER = new Intl.Collator("en", { numeric: true });

// An element. Text is set as text only, so data never becomes markup.
function element(name, attributes = {}, ...children) {
  const made = attributes.xmlns ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key !== "xmlns" && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function svg(name, attributes, ...children) {
  return element(name, { xmlns: SVG, ...attributes }, ...children);
}

// The golden angle keeps the hues of neighbours apart.
function paint(made, subject) {
  made.style.setProperty("--hue", ((subject * 137.5) + 205) % 360);
  made.classList.add("subject");
  made.dataset.subject = subject;
  return made;
}

// Text in which `code` is between backticks.
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

class RunView {
  constructor(run, quotes, about, isBeside) {
    this.run = run;
    this.quotes = quotes;
    this.about = about;
    this.shownQuote = null;
    this.say = element("p", { class: "say", "aria-live": "polite", "aria-atomic": "true" });
    this.where = element("p", { class: "where" });
    this.question = element("div", { class: "question", hidden: "" });
    this.source = element("figure", { class: "source" });
    this.panels = run.panels.map((panel, index) => this.panelView(panel, index));
    this.events = this.eventsView();
    this.timeline = new Timeline(run);
    const now = element("div", { class: "sentence box" }, this.where, this.say, this.question);
    const boxes = this.boxesView();
    // Beside another run there is no room for the source code at the top.
    this.root = element("section", { class: "run", "aria-label": run.name }, element("h2", {}, run.name),
      ...(isBeside ? [now, this.timeline.root, boxes, this.source]
        : [element("div", { class: "now" }, now, this.source), this.timeline.root, boxes]),
      this.events);
    const lines = Math.max(0, ...run.frames.map(({ quote }) => quotes[quote]?.lines.length ?? 0));
    this.source.style.setProperty("--lines", lines);
    this.source.hidden = lines === 0;
  }

  // Panels with the same group share a box. The boxes are in columns of about the same height.
  boxesView() {
    const boxes = new Map();
    this.run.panels.forEach(({ group }, index) => {
      // A panel that is always empty says nothing.
      if (this.run.most[index] === 0) return;
      if (!boxes.has(group)) {
        const root = element("section", { class: "box", "aria-label": group }, element("h3", {}, group));
        boxes.set(group, { root, height: 60 });
      }
      const box = boxes.get(group);
      box.root.append(this.panels[index].root);
      box.height += 30 + (this.lines(index) * 26);
    });
    const root = element("div", { class: "boxes" });
    new ResizeObserver(() => this.arrange(root, [...boxes.values()])).observe(root);
    return root;
  }

  arrange(root, boxes) {
    const columns = Math.min(Math.max(Math.floor(root.clientWidth / 250), 1), boxes.length);
    if (root.childElementCount === columns) return;
    const made = Array.from({ length: columns }, () => element("div", {}));
    let left = boxes.reduce((sum, { height }) => sum + height, 0);
    let column = 0;
    let height = 0;
    boxes.forEach((box, index) => {
      const isFull = height + (box.height / 2) > left / (columns - column);
      if (height > 0 && column < columns - 1 && (isFull || boxes.length - index < columns - column)) {
        left -= height;
        height = 0;
        column += 1;
      }
      made[column].append(box.root);
      height += box.height;
    });
    root.replaceChildren(...made);
  }

  // The number of lines for which a panel reserves room, so that the boxes do not jump.
  lines(index) {
    const most = this.run.most[index];
    const { kind } = this.run.panels[index];
    if (kind === "words") return most;
    return kind === "table" ? Math.min(most, 8) + 1 : Math.min(Math.ceil(most / 2), 3);
  }

  panelView({ name, kind }, index) {
    const body = element("div", { class: `body ${kind}` });
    body.style.setProperty("--rows", this.lines(index));
    if (kind !== "words") {
      body.tabIndex = 0;
      body.setAttribute("role", "region");
      body.setAttribute("aria-label", name);
    }
    const count = element("span", { class: "count" });
    const root = element("div", { class: `panel ${kind}` }, element("h4", {}, name, " ", count), body);
    return { root, body, count };
  }

  eventsView() {
    const details = element("details", { class: "events" },
      element("summary", {}, `Table of the ${this.run.length} events`));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(this.eventsTable());
      this.markEvent();
    });
    return details;
  }

  eventsTable() {
    const { run } = this;
    const head = ["event", "time", "thread", "kind", "what happens"];
    const body = run.frames.map((frame, index) => element("tr", {},
      element("td", {}, element("a", { href: `#${index + 1}` }, String(index + 1))),
      element("td", {}, formatTime(frame.t, run.duration)),
      element("td", {}, run.lanes[frame.lane]),
      element("td", {}, run.event(frame)),
      element("td", {}, ...prose(run.sentence(frame)))));
    return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Events" },
      element("table", {},
        element("thead", {}, element("tr", {},
          ...head.map((name) => element("th", { scope: "col" }, name)))),
        element("tbody", {}, ...body)));
  }

  render() {
    const { run } = this;
    const frame = run.frame;
    this.say.replaceChildren(...prose(frame ? run.sentence(frame) : this.about));
    this.say.classList.toggle("failure", frame?.kind === "failure");
    this.where.replaceChildren(...(frame ? this.place(frame) : ["before the first event"]));
    this.renderSource(frame?.quote ?? (frame ? null : run.frames[0]?.quote ?? null));
    const put = new Set((frame?.changes ?? []).filter(([operation]) => operation === "+")
      .map(([, panel, row]) => `${panel} ${row[0]}`));
    const touched = new Set((frame?.changes ?? []).flatMap(([operation, panel, to]) =>
      (operation === ">" ? [panel, to] : [panel])));
    this.panels.forEach((view, index) => {
      // A panel that was marked as touched loses its mark, so it is drawn again, too.
      if (run.changed.has(index) || view.root.classList.contains("touched")) {
        this.renderPanel(index, put);
      }
      view.root.classList.toggle("touched", touched.has(index));
    });
    run.changed.clear();
    this.timeline.render();
    this.markEvent();
  }

  place(frame) {
    const { run } = this;
    const parts = [
      element("b", {}, `#${run.position}`),
      element("span", {}, formatTime(frame.t, run.duration)),
      element("span", {}, run.lanes[frame.lane]),
      element("code", {}, run.event(frame)),
    ];
    if (frame.subject !== undefined) {
      parts.push(paint(element("span", { class: "chip" }, run.subjects[frame.subject]), frame.subject));
    }
    return parts;
  }

  renderSource(index) {
    if (index === this.shownQuote) return;
    this.shownQuote = index;
    const quote = this.quotes[index];
    if (!quote) {
      this.source.replaceChildren();
      return;
    }
    let number = quote.line;
    const lines = quote.lines.map((line) => {
      const mark = line[0];
      const kind = { ">": "performs", "-": "removed", "+": "added", "!": "wrong" }[mark];
      const shown = mark === "+" ? "+" : mark === "-" ? `${number}−` : String(number);
      if (mark !== "+") number += 1;
      return element("span", { class: `line ${kind ?? ""}` },
        element("span", { class: "number", "aria-hidden": "true" }, shown),
        element("code", {}, `${line.slice(1)}\n`));
    });
    this.source.replaceChildren(
      element("figcaption", {}, `${quote.file}:${quote.line}`),
      element("pre", { tabindex: "0", "aria-label": "Source code" }, ...lines));
  }

  renderPanel(index, put) {
    const { kind, columns } = this.run.panels[index];
    const { body, count } = this.panels[index];
    let rows = this.run.rows[index];
    if (kind === "table") rows = rows.toSorted(([a], [b]) => BY_NUMBER.compare(a, b));
    if (kind === "heap") rows = rows.toSorted(([, , a], [, , b]) => a - b);
    count.textContent = kind === "words" || rows.length === 0 ? "" : String(rows.length);
    const isNew = (row) => put.has(`${index} ${row[0]}`);
    const shown = rows.slice(0, MOST_CHIPS);
    if (kind === "words") body.replaceChildren(this.words(shown, isNew));
    else if (shown.length === 0) body.replaceChildren(element("span", { class: "empty" }, "empty"));
    else if (kind === "table") body.replaceChildren(this.table(columns, shown, isNew));
    else body.replaceChildren(this.chips(kind, shown, isNew));
    if (rows.length > shown.length) {
      body.append(element("p", { class: "more" }, `and ${rows.length - shown.length} more`));
    }
  }

  words(rows, isNew) {
    return element("dl", {}, ...rows.flatMap((row) => [
      element("dt", {}, row[0]),
      this.colour(element("dd", { class: isNew(row) ? "new" : "" }, row[2]), row),
    ]));
  }

  chips(kind, rows, isNew) {
    return element("ol", { class: "chips" }, ...rows.map((row) => {
      const [key, , ...cells] = row;
      const notes = kind === "heap" ? [formatTime(cells[0], this.run.duration), ...cells.slice(1)] : cells;
      return this.colour(element("li", { class: `chip ${isNew(row) ? "new" : ""}` }, key,
        ...notes.filter(Boolean).map((note) => element("small", {}, " ", ...prose(note)))), row);
    }));
  }

  table(columns, rows, isNew) {
    const head = columns.length
      ? [element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name))))]
      : [];
    return element("table", {}, ...head, element("tbody", {}, ...rows.map((row) => {
      const cells = row.slice(2);
      return element("tr", { class: isNew(row) ? "new" : "" },
        element("th", { scope: "row" }, this.name(row)), ...cells.map((cell) => element("td", {}, ...prose(cell))));
    })));
  }

  name(row) {
    const kind = row[0].length > SHORT ? "chip" : "chip short";
    return row[1] ? this.colour(element("span", { class: kind }, row[0]), row) : row[0];
  }

  colour(made, row) {
    return row[1] ? paint(made, row[1] - 1) : made;
  }

  markEvent() {
    if (!this.events.open) return;
    const rows = this.events.querySelectorAll("tbody tr");
    this.events.querySelector("[aria-current]")?.removeAttribute("aria-current");
    rows[this.run.position - 1]?.setAttribute("aria-current", "true");
    const scroller = this.events.querySelector(".scroll");
    const row = rows[this.run.position - 1];
    if (row) scroller.scrollTop = row.offsetTop - (scroller.clientHeight / 2);
  }

  // Marks what belongs to the chosen subject.
  choose(subject) {
    this.root.dataset.chosen = subject;
    this.timeline.choose(subject);
  }
}
