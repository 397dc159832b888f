// The timeline of a run: a lane for each thread. Its cursor is the scrubber.

const LANE = 30;
const BAR = 16;
const AXIS = 18;
// By event, an event is at least this wide, so a long run is scrolled.
const EVENT = 7;

class Timeline {
  constructor(run) {
    this.run = run;
    this.byTime = false;
    this.zoom = 1;
    this.names = element("div", { class: "lanes", "aria-hidden": "true" },
      ...run.lanes.map((lane) => element("span", {}, lane)));
    this.picture = svg("svg", { "aria-hidden": "true" });
    this.scroll = element("div", { class: "scroll" }, this.picture);
    this.root = element("div", {
      class: "timeline", role: "slider", tabindex: "0", "aria-label": `Timeline of ${run.name}`,
      "aria-valuemin": "0", "aria-valuemax": String(run.length),
    }, this.names, this.scroll);
    this.onSeek = () => {};
    const seek = (event) => this.onSeek(this.positionAt(event));
    this.picture.addEventListener("pointerdown", (event) => {
      this.picture.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.picture.addEventListener("pointermove", (event) => {
      if (this.picture.hasPointerCapture(event.pointerId)) seek(event);
    });
    new ResizeObserver(() => this.draw()).observe(this.scroll);
  }

  // The place of a position, from 0 to 1.
  part(position) {
    const { run } = this;
    if (!this.byTime) return position / Math.max(run.length, 1);
    return position === 0 ? 0 : run.frames[position - 1].t / (this.span || run.duration || 1);
  }

  x(position) {
    return 8 + (this.part(position) * (this.width - 16));
  }

  positionAt(event) {
    const left = event.clientX - this.picture.getBoundingClientRect().left;
    const part = Math.min(Math.max((left - 8) / (this.width - 16), 0), 1);
    if (this.byTime) return this.run.positionAt(part * (this.span || this.run.duration || 1));
    return Math.round(part * this.run.length);
  }

  draw() {
    const { run } = this;
    const room = Math.max(this.scroll.clientWidth, 120);
    const least = this.byTime ? room : Math.max(room, run.length * EVENT);
    const height = (run.lanes.length * LANE) + AXIS;
    this.width = Math.round(least * this.zoom);
    this.picture.setAttribute("width", this.width);
    this.picture.setAttribute("height", height);
    this.cursor = svg("path", { class: "cursor", d: `M0 0V${height}M-5 0H5L0 7Z` });
    this.arrowPaths = run.arrows.map(([from, to]) => this.arrow(from, to));
    this.picture.replaceChildren(
      ...run.lanes.map((_, lane) => svg("path", { class: "lane", d: `M0 ${this.middle(lane)}H${this.width}` })),
      ...run.bars.flatMap((bar) => this.bar(bar)),
      ...this.ticks(),
      ...this.arrowPaths,
      ...this.axis(height),
      this.cursor);
    this.choose(this.chosen);
    this.render();
  }

  middle(lane) {
    return (lane * LANE) + (LANE / 2);
  }

  bar([lane, from, to, kind, subject]) {
    const left = this.x(from + 1);
    const width = Math.max(this.x(to + 1) - left, 1.5);
    const middle = this.middle(lane);
    if (kind === 1) {
      return [svg("path", { class: "sleeps", d: `M${left} ${middle}h${width}` })];
    }
    const shape = svg("rect", {
      class: kind === 2 ? "watches" : "runs", x: left, y: middle - (BAR / 2), width, height: BAR, rx: 3,
    });
    const name = subject ? this.run.subjects[subject - 1] : "";
    if (subject) paint(shape, subject - 1);
    const shown = name.slice(0, Math.max(Math.floor((width - 8) / 6.4), 0));
    if (shown.length < Math.min(name.length, 4) || !shown) return [shape];
    const text = shown === name ? name : `${shown.slice(0, -1)}…`;
    return [shape, svg("text", { class: "label", x: left + 4, y: middle + 4 }, text)];
  }

  ticks() {
    const kinds = new Map();
    this.run.frames.forEach(({ lane, kind }, index) => {
      const tick = `M${this.x(index + 1).toFixed(1)} ${this.middle(lane) + (BAR / 2)}v4`;
      kinds.set(kind ?? "other", (kinds.get(kind ?? "other") ?? "") + tick);
    });
    return [...kinds].map(([kind, d]) => svg("path", { class: `tick ${kind}`, d }));
  }

  arrow(from, to) {
    const { frames } = this.run;
    const [x1, x2] = [this.x(from + 1), this.x(to + 1)];
    const [y1, y2] = [this.middle(frames[from].lane), this.middle(frames[to].lane)];
    // Within a lane the arrow rises above the bars.
    const bend = y1 === y2 ? LANE * 0.45 : 0;
    const half = (x1 + x2) / 2;
    const kind = y1 === y2 ? "arrow own" : "arrow";
    return svg("path", { class: kind, d: `M${x1} ${y1}C${half} ${y1 - bend} ${half} ${y2 - bend} ${x2} ${y2}` });
  }

  // About six labels at round numbers.
  axis(height) {
    const span = this.byTime ? this.span || this.run.duration : this.run.length;
    const count = Math.max(2, Math.min(10, Math.floor(this.width / 130)));
    const rough = span / count || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
    const labels = [];
    for (let at = 0; at <= span * 1.0001; at += Math.max(step, this.byTime ? 1e-9 : 1)) {
      const x = 8 + ((at / (span || 1)) * (this.width - 16));
      const anchor = x < 30 ? "start" : x > this.width - 40 ? "end" : "middle";
      const text = this.byTime ? formatTime(at, span) : `#${Math.round(at)}`;
      labels.push(svg("text", { class: "axis", x, y: height - 4, "text-anchor": anchor }, text));
    }
    return labels;
  }

  render() {
    const { run, root } = this;
    root.setAttribute("aria-valuenow", String(run.position));
    root.setAttribute("aria-valuetext", run.frame
      ? `event ${run.position}: ${run.sentence(run.frame)}` : "before the first event");
    if (!this.cursor) return;
    const x = this.x(run.position);
    this.cursor.setAttribute("transform", `translate(${x})`);
    for (const path of this.picture.querySelectorAll(".arrow.now")) path.classList.remove("now");
    for (const index of run.arrowsAt.get(run.position - 1) ?? []) {
      this.arrowPaths[index].classList.add("now");
    }
    const { scrollLeft, clientWidth } = this.scroll;
    if (x < scrollLeft + 40 || x > scrollLeft + clientWidth - 40) {
      this.scroll.scrollLeft = x - (clientWidth / 3);
    }
  }

  choose(subject) {
    this.chosen = subject;
    this.picture.classList.toggle("choosing", subject >= 0);
    for (const shape of this.picture.querySelectorAll(".subject")) {
      shape.classList.toggle("chosen", Number(shape.dataset.subject) === subject);
    }
  }
}
